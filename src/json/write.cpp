// The parser's library also writes, so that numbers look as they always did.
#include <nlohmann/json.hpp>

#include "json/value.hpp"

namespace kiln::json {

class Encoder {
 public:
  static nlohmann::json encode(const Value& value) {
    return std::visit([](const auto& held) { return tree(held); }, value.data_);
  }

 private:
  static nlohmann::json tree(std::monostate) { return nullptr; }
  static nlohmann::json tree(const Array& array) {
    nlohmann::json out = nlohmann::json::array();
    for (const auto& item : array) out.push_back(encode(item));
    return out;
  }
  static nlohmann::json tree(const Object& object) {
    nlohmann::json out = nlohmann::json::object();
    for (const auto& [key, item] : object) out.emplace(key, encode(item));
    return out;
  }
  template <class Scalar>
  static nlohmann::json tree(const Scalar& scalar) {
    return scalar;
  }
};

std::string write(const Value& value, Escapes escapes) {
  return Encoder::encode(value).dump(-1, ' ', escapes == Escapes::NonAscii, nlohmann::json::error_handler_t::replace);
}

}  // namespace kiln::json
