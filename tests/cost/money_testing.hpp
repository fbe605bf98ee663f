// Economics and technologies for tests: simple numbers whose results a reader can check by hand.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "kiln/config/load.hpp"
#include "kiln/cost/money.hpp"

namespace kiln::cost {

inline config::TechConstant constant(double low, double typical, double high) { return {low, typical, high, "G", ""}; }
inline config::TechConstant constant(double value) { return constant(value, value, value); }

/// Square dies of 10 mm on 100 mm, no defects: a round price.
inline config::TechConfig plain_tech() {
  config::TechConfig tech;
  tech.wafer_usd = constant(6200);
  tech.wafer_mm = constant(100);
  tech.edge_exclusion_mm = constant(0);
  tech.scribe_mm = constant(0);
  tech.defects_per_cm2 = constant(0);
  tech.mask_set_usd = constant(10e6);
  tech.mask_usd = constant(150e3);
  return tech;
}

/// The money of configs/tech/n6.json's sources: the price of 7 nm wafers and defects; doubts for the corners.
inline config::TechConfig n6() {
  config::TechConfig tech = plain_tech();
  tech.wafer_usd = constant(8000, 9346, 11000);
  tech.wafer_mm = constant(300);
  tech.edge_exclusion_mm = constant(2, 3, 5);
  tech.scribe_mm = constant(0.05, 0.1, 0.2);
  tech.defects_per_cm2 = constant(0.07, 0.09, 0.12);
  tech.mask_set_usd = constant(8e6, 10e6, 15e6);
  tech.mask_usd = constant(100e3, 150e3, 250e3);
  return tech;
}

inline config::EconomicsConfig shipped_economics() {
  auto economics = config::load_economics(std::string(KILN_SOURCE_DIR) + "/configs/economics/default.json");
  EXPECT_TRUE(economics.ok()) << (economics.ok() ? "" : economics.error().message);
  return economics.value();
}

/// One value for everything: a card of 400 USD, a server of 2,400 for four cards, 0.1 USD/kWh, half the time, four
/// years.
inline config::EconomicsConfig plain_economics() {
  config::EconomicsConfig e = shipped_economics();
  e.package_and_test_usd = constant(100);
  e.card_usd = constant(200);
  e.hardware_margin = constant(1);
  e.cards_per_server = constant(4);
  e.server_usd = constant(2400);
  e.server_power_w = constant(400);
  e.idle_power_share = constant(0.2);
  e.electricity_usd_per_kwh = constant(0.1);
  e.pue = constant(1.5);
  e.utilisation = constant(0.5);
  e.depreciation_years = constant(4);
  e.nre_design_usd = constant(40e6);
  e.respin_masks = constant(2);
  e.respin_engineering_usd = constant(700e3);
  e.respin_months = constant(2);
  return e;
}

/// 62 dies a wafer, 100 USD each; 10,000 tokens/s at 200 W.
inline Replica plain_machine() {
  Replica machine;
  machine.die = die_of_area({100, 100, 100}).value();
  machine.tokens_per_s_total = {10000, 10000, 10000};
  machine.power_w = {200, 200, 200};
  return machine;
}

inline void expect_ordered(const base::Range& range) {
  EXPECT_LE(range.low, range.typical);
  EXPECT_LE(range.typical, range.high);
}

}  // namespace kiln::cost
