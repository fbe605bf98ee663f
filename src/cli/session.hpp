// What every command shares: where configs are, overrides, threads, progress, output. Private to the cli module.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/atomic_file.hpp"
#include "cli/interrupts.hpp"
#include "kiln/base/progress.hpp"
#include "kiln/base/result.hpp"
#include "kiln/study/inputs/environment.hpp"
#include "kiln/study/inputs/host_figures.hpp"
#include "report/screen.hpp"

namespace kiln::cli {

inline constexpr int kCheckFailed = 1;
inline constexpr int kBadInput = 2;
inline constexpr int kInterrupted = 130;

/// Options of every command.
struct CommonOptions {
  std::string json;                    ///< file, "-" for standard output, empty for people
  std::vector<std::string> set;        ///< POINTER=VALUE, or KIND:POINTER=VALUE
  std::size_t threads = 0;             ///< 0: one per core
  std::string record;                  ///< file of a baseline, or empty
  std::vector<std::string> arguments;  ///< of the program, all of them
};

class Session {
 public:
  Session(CommonOptions options, Interrupts interrupts);

  [[nodiscard]] const CommonOptions& options() const { return options_; }
  /// Progress on standard error, on a terminal only, for what takes more than two seconds.
  [[nodiscard]] base::Progress progress() const;
  [[nodiscard]] std::stop_token stop() const { return interrupts_.token(); }
  [[nodiscard]] Interrupts& interrupts() { return interrupts_; }

  /// Configs with what --set says, threads, progress, Ctrl-C: the environment of questions. Warnings go to standard
  /// error.
  [[nodiscard]] study::Environment& environment() { return environment_; }
  /// Configs of a kind, as a command line may name them.
  [[nodiscard]] std::vector<std::string> names(std::string_view kind) const {
    return environment_.configs().names(kind);
  }
  /// What --gpu asks the screen to show: nothing, names and files, or "all". Fails where one is no GPU.
  [[nodiscard]] base::Result<report::Screen> choose_gpus(const std::vector<std::string>& names);
  /// The kinds of config that the command takes; the first is what a --set without KIND: means. Refuses a --set of
  /// another kind.
  [[nodiscard]] base::Status allow_set(const std::vector<std::string>& kinds);
  /// Refuses a --set of a kind that this command takes, where nothing will read it; `why` follows "has no effect: ".
  [[nodiscard]] base::Status refuse_set(const std::string& kind, const std::string& why) const;
  /// Of a checkpoint with its own shapes: all but synthetic ones.
  [[nodiscard]] base::Status refuse_set_of_shapes(const std::string& checkpoint) const;

  /// Opens the file of --json, so that one which cannot be written is refused before the work and not after it.
  [[nodiscard]] base::Status open_output();
  /// Writes the document where --json says; prints the text for people, unless the document goes to standard output.
  [[nodiscard]] base::Status output(const std::string& json, const std::string& text);
  /// The note that the file was written comes after the text.
  void wrote(std::string file) { written_.push_back(std::move(file)); }
  static void warn(const std::string& sentence);

  /// Wall time since the session began, memory, threads, vector width.
  [[nodiscard]] study::HostFigures host_figures() const { return study::host_figures(environment_, started_); }

 private:
  CommonOptions options_;
  Interrupts interrupts_;
  study::Environment environment_;
  std::string default_kind_;  ///< of a --set without KIND:
  std::vector<std::string> written_;
  base::FileRoles roles_;  ///< before all files that are opened
  base::OutputClaim record_;
  std::optional<base::AtomicFile> json_;
  study::HostClock::time_point started_ = study::HostClock::now();
};

}  // namespace kiln::cli
