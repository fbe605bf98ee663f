// What every command shares: where configs are, overrides, threads, progress, output. Private to the cli module.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/atomic_file.hpp"
#include "checkpoint/checkpoint.hpp"
#include "cli/interrupts.hpp"
#include "kiln/base/progress.hpp"
#include "kiln/base/result.hpp"
#include "kiln/base/thread_pool.hpp"
#include "kiln/config/load.hpp"
#include "report/run_report.hpp"

namespace kiln::cli {

inline constexpr int kCheckFailed = 1;
inline constexpr int kBadInput = 2;
inline constexpr int kInterrupted = 130;

/// Options of every command.
struct CommonOptions {
  std::string json;              ///< file, "-" for standard output, empty for people
  std::vector<std::string> set;  ///< POINTER=VALUE, or KIND:POINTER=VALUE
  std::size_t threads = 0;       ///< 0: one per core
};

class Session {
 public:
  Session(CommonOptions options, Interrupts interrupts);

  [[nodiscard]] const CommonOptions& options() const { return options_; }
  [[nodiscard]] base::ThreadPool& pool();
  /// Progress on standard error, on a terminal only, for what takes more than two seconds.
  [[nodiscard]] base::Progress progress() const;
  [[nodiscard]] std::stop_token stop() const { return interrupts_.token(); }
  [[nodiscard]] Interrupts& interrupts() { return interrupts_; }

  /// A config by its name or file, with the --set of its kind.
  template <class Config>
  [[nodiscard]] base::Result<Config> load(const std::string& name) const {
    const auto kind = config::kind_name<Config>();
    const auto file = configs_.find(kind, name);
    if (!file) return file.error();
    return config::load<Config>(*file, overrides(kind));
  }
  [[nodiscard]] auto chip(const std::string& name) const { return load<config::ChipConfig>(name); }
  [[nodiscard]] auto model(const std::string& name) const { return load<config::ModelConfig>(name); }
  [[nodiscard]] auto recipe(const std::string& name) const { return load<config::BakeRecipe>(name); }
  [[nodiscard]] auto gpu(const std::string& name) const { return load<config::GpuSpec>(name); }
  [[nodiscard]] auto tech(const std::string& name) const { return load<config::TechConfig>(name); }
  [[nodiscard]] auto economics(const std::string& name) const { return load<config::EconomicsConfig>(name); }
  /// Those under configs/gpu, and files that choose_gpus() was given.
  [[nodiscard]] std::vector<std::string> gpus() const;
  /// What --gpu asks the screen to show: nothing, names and files, or "all". Fails where one is no GPU.
  [[nodiscard]] base::Result<report::Screen> choose_gpus(const std::vector<std::string>& names);
  /// Configs of a kind, as a command line may name them.
  [[nodiscard]] std::vector<std::string> names(std::string_view kind) const { return configs_.list(kind); }
  /// The published points under configs/machine, by name.
  [[nodiscard]] base::Result<std::vector<config::ReferenceMachine>> machines() const;
  /// The kinds of config that the command takes; the first is what a --set without KIND: means. Refuses a --set of
  /// another kind.
  [[nodiscard]] base::Status allow_set(std::vector<std::string> kinds);
  /// Refuses a --set of a kind that this command takes, where nothing will read it; `why` follows "has no effect: ".
  [[nodiscard]] base::Status refuse_set(const std::string& kind, const std::string& why) const;
  /// Of a checkpoint with shapes of its own: all but synthetic ones.
  [[nodiscard]] base::Status refuse_set_of_shapes(const std::string& checkpoint) const;

  /// A checkpoint as the command line names it, synthetic ones included.
  [[nodiscard]] base::Result<std::unique_ptr<checkpoint::Checkpoint>> checkpoint(const std::string& source) const;

  /// Opens the file of --json, so that one which cannot be written is refused before the work and not after it.
  [[nodiscard]] base::Status open_output();
  /// Writes the document where --json says; prints the text for people, unless the document goes to standard output.
  [[nodiscard]] base::Status output(const std::string& json, const std::string& text);
  /// That the file is there is said after the text.
  void wrote(std::string file) { written_.push_back(std::move(file)); }
  static void warn(const std::string& sentence);

  /// Wall time since the session began, memory, threads, vector width.
  [[nodiscard]] report::HostFigures host_figures() const;

 private:
  [[nodiscard]] std::vector<config::Override> overrides(std::string_view kind) const;
  CommonOptions options_;
  Interrupts interrupts_;
  config::ConfigPath configs_;
  std::vector<std::string> set_kinds_;
  std::vector<std::string> gpu_files_;
  std::vector<std::string> written_;
  std::optional<base::ThreadPool> pool_;
  std::optional<base::AtomicFile> json_;
  std::chrono::steady_clock::time_point started_;
};

}  // namespace kiln::cli
