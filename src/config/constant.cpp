#include <algorithm>

#include "config/fields.hpp"

namespace kiln::config {

void describe_constant(FieldVisitor& v, std::string_view key, TechConstant& constant, std::string_view unit,
                       Reals allowed) {
  v.object(key, [&] {
    v.real("low", constant.low, unit, allowed);
    v.real("typical", constant.typical, unit, allowed);
    v.real("high", constant.high, unit, allowed);
    const auto known = std::find(kSourceTags.begin(), kSourceTags.end(), constant.tag);
    auto tag = known == kSourceTags.end() ? 0 : static_cast<std::size_t>(known - kSourceTags.begin());
    v.word("tag", tag, kSourceTags);
    constant.tag = kSourceTags[tag];
    v.text("source", constant.source, Text::Note);
  });
}

}  // namespace kiln::config
