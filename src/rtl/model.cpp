#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "base/stack.hpp"
#include "rtl/verilate.hpp"

namespace kiln::rtl {

namespace {

/// As the glue of build() has it.
struct PortOfObject {
  const char* name;
  unsigned long long bits;
  void* storage;
};

/// Bytes that Verilator takes for a port: a whole integer, or words of 32 bits.
std::size_t storage_bytes(std::uint64_t bits) {
  if (bits <= 8) return 1;
  if (bits <= 16) return 2;
  if (bits <= 32) return 4;
  return bits <= 64 ? 8 : (bits + 31) / 32 * 4;
}

}  // namespace

void Pin::set(std::uint64_t value) const {
  base::check(bits_ <= 64 && (bits_ == 64 || value >> bits_ == 0), "rtl: a value that a port has no room for");
  std::memcpy(storage_, &value, storage_bytes(bits_));
}

void Pin::set(const Bits& value) const {
  base::check(value.size() == bits_, "rtl: a port of another width");
  std::memcpy(storage_, value.words().data(), std::min(storage_bytes(bits_), value.words().size() * 4));
}

std::uint64_t Pin::get() const {
  base::check(bits_ <= 64, "rtl: a wide port is read by its bits");
  std::uint64_t value = 0;
  std::memcpy(&value, storage_, storage_bytes(bits_));
  return value;
}

void Pin::get(Bits& value) const {
  if (value.size() != bits_) value = Bits(bits_);
  std::memcpy(value.words().data(), storage_, std::min(storage_bytes(bits_), value.words().size() * 4));
}

namespace {

/// Verilated functions keep wide vectors on the stack: those of an array of thousands of sums are megabytes.
constexpr std::uint64_t kStack = std::uint64_t{96} << 20;

}  // namespace

struct Model::Library {
  void* handle = nullptr;
  void* model = nullptr;
  void (*eval)(void*) = nullptr;
  void (*destroy)(void*) = nullptr;
  std::map<std::string, Pin> pins;
};

base::Result<std::unique_ptr<Model>> Model::load(const std::filesystem::path& path,
                                                 const std::filesystem::path& run_in) {
  base::raise_stack_limit(kStack);
  auto library = std::make_unique<Library>();
  library->handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library->handle == nullptr) return base::Error{fmt::format("{}: cannot be loaded: {}", path.string(), dlerror())};
  const auto find = [&](const char* name) { return dlsym(library->handle, name); };
  auto* const create = reinterpret_cast<void* (*)()>(find("kiln_create"));
  auto* const ports = reinterpret_cast<const PortOfObject* (*)(void*)>(find("kiln_ports"));
  library->eval = reinterpret_cast<void (*)(void*)>(find("kiln_eval"));
  library->destroy = reinterpret_cast<void (*)(void*)>(find("kiln_destroy"));
  base::check(create != nullptr && ports != nullptr && library->eval != nullptr && library->destroy != nullptr,
              "rtl: a shared object that is no model");
  library->model = create();
  for (const PortOfObject* port = ports(library->model); port->name != nullptr; ++port)
    library->pins.emplace(port->name, Pin(port->storage, port->bits));
  // The ROMs' files are read in the first evaluation.
  std::error_code failed;
  const auto before = std::filesystem::current_path(failed);
  if (!failed) std::filesystem::current_path(run_in, failed);
  if (failed)
    return base::Error{fmt::format("{}: cannot be the working directory: {}", run_in.string(), failed.message())};
  library->eval(library->model);
  std::filesystem::current_path(before, failed);
  if (failed)
    return base::Error{fmt::format("{}: cannot be the working directory again: {}", before.string(), failed.message())};
  return std::unique_ptr<Model>(new Model(std::move(library)));
}

Model::Model(std::unique_ptr<Library> library)
    : library_(std::move(library)), clock_(pin("clk_i")), reset_(pin("rst_ni")) {
  reset();
}

Model::~Model() {
  library_->destroy(library_->model);
  dlclose(library_->handle);
}

Pin Model::pin(const std::string& name) const {
  const auto found = library_->pins.find(name);
  base::check(found != library_->pins.end(), "rtl: no such port: " + name);
  return found->second;
}

bool Model::has(const std::string& name) const { return library_->pins.contains(name); }

void Model::reset() {
  reset_.set(std::uint64_t{0});
  tick();
  tick();
  reset_.set(std::uint64_t{1});
}

void Model::tick() {
  clock_.set(std::uint64_t{1});
  library_->eval(library_->model);
  clock_.set(std::uint64_t{0});
  library_->eval(library_->model);
}

}  // namespace kiln::rtl
