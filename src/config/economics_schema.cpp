// The constants of the economics: key, unit, range and meaning, once for reading, documentation and reports.
#include "config/fields.hpp"
#include "kiln/config/economics.hpp"

namespace kiln::config {
namespace {

struct EconomicsEntry {
  std::string_view key;
  TechConstant EconomicsConfig::*constant;
  std::string_view unit;
  double minimum, maximum;
  bool more_is_cheaper;
  std::string_view meaning;
};

constexpr EconomicsEntry kEntries[] = {
    {"package_and_test_usd", &EconomicsConfig::package_and_test_usd, "USD", 0, 1e+06, false,
     "package, assembly and test of one good die"},
    {"card_usd", &EconomicsConfig::card_usd, "USD", 0, 1e+06, false,
     "board, power supply, cooler and assembly of a card, with its memory if it has any"},
    {"hardware_margin", &EconomicsConfig::hardware_margin, "", 1, 100, false,
     "price of a card for each dollar of its cost; 1 is at cost"},
    {"cards_per_server", &EconomicsConfig::cards_per_server, "cards", 1, 1000, true, "cards that share a server"},
    {"server_usd", &EconomicsConfig::server_usd, "USD", 0, 1e+07, false, "a server without its cards"},
    {"server_power_w", &EconomicsConfig::server_power_w, "W", 0, 100000, false, "of a server without its cards, busy"},
    {"idle_power_share", &EconomicsConfig::idle_power_share, "", 0, 1, false,
     "power of a card or a server that waits, of its busy power"},
    {"electricity_usd_per_kwh", &EconomicsConfig::electricity_usd_per_kwh, "USD/kWh", 0, 100, false,
     "price of electricity at the meter"},
    {"pue", &EconomicsConfig::pue, "", 1, 10, false, "energy of the building for each unit that its machines take"},
    {"utilisation", &EconomicsConfig::utilisation, "", 0.001, 1, true,
     "share of time in which tokens are wanted; a GPU's too"},
    {"depreciation_years", &EconomicsConfig::depreciation_years, "years", 0.1, 100, true,
     "life of a card whose model lives on, and of a server"},
    {"nre_design_usd", &EconomicsConfig::nre_design_usd, "USD", 0, 1e+11, false,
     "design of the platform, paid once and by no re-spin; without masks"},
    {"respin_masks", &EconomicsConfig::respin_masks, "masks", 0, 1000, false,
     "masks that differ from model to model, a die"},
    {"respin_engineering_usd", &EconomicsConfig::respin_engineering_usd, "USD", 0, 1e+10, false,
     "work on a new model: bake, place, verify, bring up"},
    {"respin_months", &EconomicsConfig::respin_months, "months", 0, 120, false,
     "from a model's release to tokens from its chip"},
};

}  // namespace

std::vector<EconomicsField> fields(EconomicsConfig& economics) {
  std::vector<EconomicsField> all;
  for (const auto& e : kEntries)
    all.push_back({std::string(e.key), std::string(e.unit), std::string(e.meaning), e.minimum, e.maximum,
                   e.more_is_cheaper, &(economics.*e.constant)});
  return all;
}

void describe(FieldVisitor& v, EconomicsConfig& economics) {
  v.text("name", economics.name, Text::Name);
  v.text("description", economics.description, Text::Note);
  for (const auto& field : fields(economics))
    describe_constant(v, field.key, *field.constant, field.unit, {field.minimum, field.maximum});
}

}  // namespace kiln::config
