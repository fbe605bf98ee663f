// Lock step: a unit's SystemC module (the twin) and its RTL, in the same cycles, with the same beats, under random
// stalls at every channel. In every cycle each output of the RTL is compared: valid against the twin's beats that are
// available and have not left, data against the oracle's, ready against the pace of the twin's link.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "chip/systemc/chip_modules.hpp"
#include "chip/systemc/kernel_context.hpp"
#include "configurations.hpp"
#include "kiln/base/thread_pool.hpp"
#include "rom/rom_image.hpp"
#include "rtl/verilate.hpp"
#include "support/random_chip.hpp"
#include "support/toy_rom.hpp"

namespace kiln::rtl {

/// The pins of one design among those side by side.
class Pins {
 public:
  Pins(Model& model, std::string prefix) : model_(model), prefix_(std::move(prefix)) {}
  [[nodiscard]] Pin operator[](const std::string& name) const { return model_.pin(prefix_ + name); }

 private:
  Model& model_;
  std::string prefix_;
};

/// What an operation of the unit takes and gives, beat by beat. A stream without beats has no name.
struct Exchange {
  std::string input, output;
  std::vector<Bits> in, out;
  std::optional<std::uint64_t> layer = {};  ///< what layer_o shows during the operation
};

/// Values of a unit's operations: drawn and worked out by kiln::numerics.
class Oracle {
 public:
  virtual ~Oracle() = default;
  /// A token comes: sets the inputs that stay as they are until the next one.
  virtual void token(const chip::TokenInFlight& token, const Pins& pins) = 0;
  /// The unit's next operation, in the order of the dataflow.
  virtual Exchange exchange(const chip::TokenInFlight& token, const program::Op& op, const Pins& pins) = 0;
  /// Positions that a token may have: drawn below this, or, where `ordered`, one after the other from 0.
  [[nodiscard]] virtual std::uint32_t positions() const { return 1; }
  [[nodiscard]] virtual bool ordered() const { return false; }
};

/// One configuration of a unit.
struct Case {
  std::string name;  ///< for messages
  program::Unit unit = program::Unit::VectorUnit;
  std::shared_ptr<rom::RomImage> image;
  std::shared_ptr<program::Placement> placement;
  UnitDesign design;
  std::function<std::unique_ptr<chip::UnitModule>(const char*, chip::StageState&)> twin;
  std::function<std::unique_ptr<Oracle>(const Case&, base::Random&)> oracle;
};

/// The usual way to one: a model, a recipe and a chip, with weights drawn from `seed`.
inline Case make_case(const config::ModelConfig& model, const config::BakeRecipe& recipe,
                      const config::ChipConfig& chip, std::uint64_t seed) {
  Case made;
  base::ThreadPool pool(1);
  support::ToyRom toy(seed);
  toy.rows_differ = true;
  made.image = std::make_shared<rom::RomImage>(toy.make(model, recipe, pool));
  auto placed = program::Placement::create(model, recipe, chip);
  base::check(placed.ok(), placed.ok() ? "" : placed.error().message);
  made.placement = std::make_shared<program::Placement>(std::move(placed).value());
  return made;
}

/// Where the twin's beats become available.
class Outlet final : public sc_core::sc_module, public chip::Source {
 public:
  explicit Outlet(const sc_core::sc_module_name& name) : sc_module(name) {}
  chip::BeatSchedule send(chip::TokenInFlight&, std::uint32_t, const chip::BeatSchedule&) override {
    std::abort();
  }  // beats only
  void push(chip::TokenInFlight&, std::uint32_t, std::uint64_t) override { ++waiting; }
  std::uint64_t waiting = 0;
};

inline constexpr std::uint32_t kDrawn = 1;  ///< the user whose tokens are drawn; those of user 0 are greedy
/// Beats taken at inputs, at least, of each configuration.
inline std::uint64_t transactions_wanted() { return quick() ? 1000 : 10000; }

/// One configuration in lock step.
class Lane {
 public:
  Lane(const Case& which, Model& model, std::size_t index, std::uint64_t seed)
      : case_(which),
        pins_(model, fmt::format("c{}_", index)),
        random_(seed),
        oracle_(which.oracle(which, random_)),
        links_(*which.placement),
        request_(beats()),
        state_(std::make_unique<Named>(fmt::format("lane{}", index).c_str(), *which.placement, request_, links_)) {
    twin_ = which.twin(fmt::format("twin{}", index).c_str(), state_->stage);
    for (const auto& link : links_.links()) bind(link, index);
    for (const Port& port : which.design.ports) {
      const std::string stream = port.name.substr(0, port.name.find("_valid_"));
      if (port.name.ends_with("_valid_o"))
        outputs_.push_back({stream, pins_[port.name], pins_[stream + "_ready_i"], pins_[stream + "_data_o"]});
      if (port.name.ends_with("_valid_i"))
        inputs_.push_back({stream, pins_[port.name], pins_[stream + "_ready_o"], pins_[stream + "_data_i"]});
      if (port.name == "layer_o") layer_ = pins_[port.name];
    }
  }

  /// All beats wanted are through, and the unit was watched for a while after them.
  [[nodiscard]] bool done() const { return watched_ >= kWatched; }
  [[nodiscard]] std::uint64_t transactions() const { return taken_; }

  /// No more cycles for this design, which would slow those that are not done.
  void stop() { pins_["stop_i"].set(1); }

  /// Everything of cycle `now`; false after a mismatch.
  bool cycle(std::uint64_t now) {
    if (idle() && taken_ < wanted_) next_operation(now);
    if (idle()) ++watched_;
    return outputs(now) && input(now);
  }

 private:
  static chip::RunRequest beats() {
    chip::RunRequest request;
    request.users.resize(2);
    request.users[kDrawn].sampling.temperature = 1;
    request.transfer_mode = chip::TransferMode::Beats;
    return request;
  }
  /// What a chip would share; a module, so that names below it may be the same in every lane.
  struct Named : sc_core::sc_module {
    Named(const sc_core::sc_module_name& name, const program::Placement& p, const chip::RunRequest& r,
          const chip::LinkMap& l)
        : sc_module(name), run(p, r, l), stage(run, 0) {}
    chip::RunState run;
    chip::StageState stage;
  };

  void bind(const chip::LinkSpec& link, std::size_t index) {
    const program::Dataflow& dataflow = case_.placement->dataflow();
    if (link.from != case_.unit || link.from == link.to || link.between_chips) return;
    if (link.to != program::Unit::Sequencer && !dataflow.has(0, link.to)) return;
    if (link.to == program::Unit::Sequencer && !dataflow.ends_at(0, link.from)) return;
    outlets_.push_back(std::make_unique<Outlet>(fmt::format("outlet{}_{}", index, outlets_.size()).c_str()));
    twin_->output(link.to)(*outlets_.back());
  }

  [[nodiscard]] bool idle() const {
    return fed_ == exchange_.in.size() && gone_ == exchange_.out.size() && twin_->ready();
  }

  void next_operation(std::uint64_t now) {
    do {
      if (token_.ops == nullptr || ++op_ >= token_.ops->size()) begin_token();
    } while (token_.op(op_).unit != case_.unit);
    const program::Op& op = token_.op(op_);
    exchange_ = oracle_->exchange(token_, op, pins_);
    fed_ = gone_ = 0;
    base::check(!exchange_.in.empty(), "cosim: an operation that begins by itself follows another");
    free_from_ = std::max(free_from_, now);
  }

  /// An operation that the unit begins on its own when the one before is over.
  void follow() {
    if (fed_ != exchange_.in.size() || !exchange_.out.empty()) return;
    if (op_ + 1 >= token_.ops->size() || token_.op(op_ + 1).unit != case_.unit) return;
    ++op_;
    exchange_ = oracle_->exchange(token_, token_.op(op_), pins_);
    base::check(exchange_.in.empty(), "cosim: two operations in a row that both take beats");
    fed_ = gone_ = 0;
  }

  void begin_token() {
    const std::uint32_t position = oracle_->ordered() ? tokens_ % oracle_->positions()
                                                      : static_cast<std::uint32_t>(random_.below(oracle_->positions()));
    ++tokens_;
    token_ = {};
    token_.user = static_cast<std::uint32_t>(random_.below(2));
    token_.position = base::TokenPos{position};
    token_.with_logits = random_.below(2) == 0 || case_.unit == program::Unit::Sampler ||
                         case_.unit == program::Unit::LmHeadArray || case_.unit == program::Unit::LmHeadTree;
    token_.ops = &case_.placement->dataflow().token(token_.with_logits);
    op_ = 0;
    oracle_->token(token_, pins_);
  }

  bool outputs(std::uint64_t now) {
    std::uint64_t waiting = 0;
    for (const auto& outlet : outlets_) waiting += outlet->waiting;
    // With its last beat in and none out an operation may be over, and the next have begun on its own.
    const bool at_work = fed_ < exchange_.in.size() || waiting > 0;
    if (exchange_.layer && at_work && !same(now, "layer", "_o", *exchange_.layer, layer_.get())) return false;
    for (const Stream& output : outputs_) {
      const bool expected = output.name == exchange_.output && waiting > 0;
      if (!same(now, output.name, "_valid_o", expected ? 1 : 0, output.valid.get())) return false;
      const bool ready = !stalled();
      output.ready.set(ready ? 1 : 0);
      if (!expected) continue;
      if (gone_ >= exchange_.out.size()) {
        ADD_FAILURE() << case_.name << ", cycle " << now << ": the twin gives more beats than the oracle expects";
        return false;
      }
      output.data.get(seen_);
      if (!(seen_ == exchange_.out[gone_])) {
        ADD_FAILURE() << fmt::format("{}, cycle {}, signal {}_data_o, beat {}: expected {}, RTL has {}; {}", case_.name,
                                     now, output.name, gone_, exchange_.out[gone_].hex(), seen_.hex(), differing());
        return false;
      }
      if (ready) leave();
    }
    return true;
  }

  void leave() {
    for (const auto& outlet : outlets_) {
      if (outlet->waiting == 0) continue;
      --outlet->waiting;
      break;
    }
    ++gone_;
    twin_->beat_departed();
  }

  bool input(std::uint64_t now) {
    const bool wanted = fed_ < exchange_.in.size();
    const bool free = wanted && now >= free_from_;
    if (wanted && !offered_) offered_ = !stalled();
    const Stream* taking = nullptr;
    for (const Stream& input : inputs_) {
      const bool mine = input.name == exchange_.input;
      if (mine) taking = &input;
      // After the last operation of all the unit waits for one that does not come.
      const bool compared = taken_ < wanted_ || !idle();
      if (compared && !same(now, input.name, "_ready_o", mine && free ? 1 : 0, input.ready.get())) return false;
      input.valid.set(mine && offered_ ? 1 : 0);
    }
    if (!wanted) {
      follow();
      return true;
    }
    if (!offered_) return true;
    base::check(taking != nullptr, "cosim: the unit has no such input");
    taking->data.set(exchange_.in[fed_]);
    if (free) take(now);
    return true;
  }

  void take(std::uint64_t now) {
    const program::Op& op = token_.op(op_);
    const chip::LinkSpec& link = links_.between(token_.op(op_ - 1), op);
    if (fed_ == 0) token_.cursor = base::Cycles(now - link.registers);
    twin_->take_beat(token_, op_);
    ++fed_;
    ++taken_;
    offered_ = false;
    free_from_ = now + link.receiver_interval;
  }

  /// Stalls come in bursts: long ones, short ones, none for a while.
  bool stalled() {
    if (mood_left_-- == 0) {
      mood_ = static_cast<std::uint32_t>(random_.below(4));
      mood_left_ = random_.below(60);
    }
    return mood_ != 0 && random_.below(4) < mood_;
  }

  bool same(std::uint64_t now, std::string_view stream, std::string_view signal, std::uint64_t expected,
            std::uint64_t seen) {
    if (expected == seen) return true;
    ADD_FAILURE() << fmt::format(
        "{}, cycle {}, signal {}{}: twin has {}, RTL has {} (operation {} of position {}, beat "
        "{} of {} in, {} of {} out)",
        case_.name, now, stream, signal, expected, seen, program::name(token_.op(op_).kind), token_.position.value,
        fed_, exchange_.in.size(), gone_, exchange_.out.size());
    return false;
  }
  [[nodiscard]] std::string differing() const {
    std::uint64_t first = 0, count = 0;
    for (std::uint64_t i = seen_.size(); i-- > 0;) {
      if (seen_.get(i, 1) == exchange_.out[gone_].get(i, 1)) continue;
      first = i;
      ++count;
    }
    return fmt::format("{} bits differ, the lowest is {}", count, first);
  }

  const Case& case_;
  Pins pins_;
  base::Random random_;
  std::unique_ptr<Oracle> oracle_;
  chip::LinkMap links_;
  chip::RunRequest request_;
  std::unique_ptr<Named> state_;
  std::unique_ptr<chip::UnitModule> twin_;
  std::vector<std::unique_ptr<Outlet>> outlets_;
  /// The pins of one stream of beats.
  struct Stream {
    std::string name;
    Pin valid, ready, data;
  };
  std::vector<Stream> outputs_, inputs_;
  Pin layer_;
  chip::TokenInFlight token_;
  std::uint32_t op_ = 0;
  Exchange exchange_;
  Bits seen_;
  std::size_t fed_ = 0, gone_ = 0;
  bool offered_ = false;
  std::uint64_t wanted_ = transactions_wanted();
  static constexpr std::uint64_t kWatched = 1000;  ///< cycles; a beat that should not be comes soon or never
  std::uint64_t free_from_ = 0, taken_ = 0, mood_left_ = 0, watched_ = 0;
  std::uint32_t tokens_ = 0, mood_ = 0;
};

/// All lanes of a group, clocked. The twins' processes run first in a cycle; two deltas later all is known.
class Bench final : public sc_core::sc_module {
 public:
  SC_HAS_PROCESS(Bench);
  Bench(const sc_core::sc_module_name& name, Model& model) : sc_module(name), model_(model) { SC_METHOD(step); }
  void add(Lane& lane) { lanes_.push_back(&lane); }
  /// Compared, of all lanes.
  [[nodiscard]] std::uint64_t cycles() const { return cycles_; }

 private:
  void step() {
    if (delta_ < 2) {
      ++delta_;
      next_trigger(sc_core::SC_ZERO_TIME);
      return;
    }
    delta_ = 0;
    now_ = sc_core::sc_time_stamp().value();
    for (Lane* lane : lanes_)
      if (now_ >= kFirstCycle && !lane->cycle(now_)) return sc_core::sc_stop();
    cycles_ += lanes_.size();
    std::erase_if(lanes_, [](Lane* lane) {
      if (!lane->done()) return false;
      lane->stop();
      return true;
    });
    if (lanes_.empty()) return;
    model_.tick();
    next_trigger(sc_core::sc_time::from_value(1));
  }
  static constexpr std::uint64_t kFirstCycle = 4096;  ///< room for the stages of links before it
  Model& model_;
  std::vector<Lane*> lanes_;
  int delta_ = 0;
  std::uint64_t now_ = 0, cycles_ = 0;
};

/// Verilates designs side by side; their pins begin with "c0_", "c1_", ... What was made before of the same sources is
/// used again.
inline std::unique_ptr<Model> loaded(const std::string& name, const std::vector<UnitDesign>& designs,
                                     std::vector<std::pair<std::string, std::string>> extra = {}) {
  std::vector<Port> ports;
  for (std::size_t i = 0; i < designs.size(); ++i) {
    for (Port port : designs[i].ports) {
      port.name = fmt::format("c{}_{}", i, port.name);
      ports.push_back(port);
    }
    ports.push_back({fmt::format("c{}_stop_i", i), 1, true});
  }
  // Modules of this folder, as scripts/rtl-mutations makes them, take the place of Kiln's.
  const char* overlay = std::getenv("KILN_RTL_OVERLAY");
  const std::filesystem::path folder =
      (overlay != nullptr ? std::filesystem::path(overlay) : std::filesystem::path(KILN_BINARY_DIR) / "cosim") / name;
  const std::string top = "kiln_cosim_top";
  extra.emplace_back(top + ".sv", side_by_side(top, designs, Clocks::Stoppable));
  auto written = write_files(folder, designs, extra);
  base::check(written.ok(), written.ok() ? "" : written.error().message);
  for (const auto& entry : std::filesystem::directory_iterator(folder.parent_path())) {
    if (overlay != nullptr && entry.path().extension() == ".sv")
      copy_file(entry.path(), folder / entry.path().filename(), std::filesystem::copy_options::overwrite_existing);
  }
  auto library = build(folder, top, ports, {.optimise = "-O2", .runtime = folder.parent_path()});
  base::check(library.ok(), library.ok() ? "" : library.error().message);
  auto model = Model::load(*library, folder);
  base::check(model.ok(), model.ok() ? "" : model.error().message);
  return std::move(model).value();
}

/// Runs a group's designs in lock step with their twins.
inline void run_in_lock_step(const std::string& group_name, const std::vector<Case>& cases, std::uint64_t seed) {
  std::vector<UnitDesign> designs;
  for (const Case& each : cases) designs.push_back(each.design);
  const auto model = loaded(group_name, designs);
  const chip::KernelContext kernel;
  Bench bench("bench", *model);
  std::vector<std::unique_ptr<Lane>> lanes;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    lanes.push_back(std::make_unique<Lane>(cases[i], *model, i, base::mix(seed, i)));
    bench.add(*lanes.back());
  }
  sc_core::sc_start();
  std::uint64_t transactions = 0;
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    transactions += lanes[i]->transactions();
    if (!testing::Test::HasFailure()) {
      EXPECT_GE(lanes[i]->transactions(), transactions_wanted()) << cases[i].name;
    }
  }
  std::cout << fmt::format("{}: {} configurations, {} transactions, {} cycles compared, {} differences\n", group_name,
                           cases.size(), transactions, bench.cycles(), testing::Test::HasFailure() ? "some" : "0");
}

}  // namespace kiln::rtl
