// What a model on a chip costs beyond the silicon, from configs/economics/*.json: packages, cards, servers,
// electricity and one-off work. Every constant has low <= typical <= high, a
// source and a tag, as in tech_config.hpp. Low is the cheap end except where a field says `more_is_cheaper`: there the
// cheap case takes the high value. docs/money.md
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kiln/base/range.hpp"
#include "kiln/config/tech_config.hpp"

namespace kiln::config {

struct EconomicsConfig {
  std::string name;  ///< the file's name
  std::string description;

  TechConstant package_and_test_usd;  ///< of one good die
  TechConstant card_usd;              ///< board, cooler, assembly, memory if there is any; a die a card
  TechConstant hardware_margin;       ///< price of a card / its cost
  TechConstant cards_per_server;      ///< more is cheaper
  TechConstant server_usd;            ///< without cards
  TechConstant server_power_w;        ///< without cards, busy
  TechConstant idle_power_share;      ///< of the busy power
  TechConstant electricity_usd_per_kwh;
  TechConstant pue;
  TechConstant utilisation;             ///< share of time; more is cheaper
  TechConstant depreciation_years;      ///< more is cheaper
  TechConstant nre_design_usd;          ///< the platform, once
  TechConstant respin_masks;            ///< that differ from model to model, a die
  TechConstant respin_engineering_usd;  ///< a model
  TechConstant respin_months;           ///< from a model's release to the first token of its chip
};

/// One constant: for reading, checks, documentation and reports.
struct EconomicsField {
  std::string key;   ///< "server_usd", "/" + key is its JSON pointer
  std::string unit;  ///< "USD/kWh", "" for a ratio
  std::string meaning;
  double minimum = 0, maximum = 0;  ///< of each of the three values
  bool more_is_cheaper = false;
  TechConstant* constant = nullptr;
};
/// All constants of `economics`, in the order of the file.
std::vector<EconomicsField> fields(EconomicsConfig& economics);

}  // namespace kiln::config
