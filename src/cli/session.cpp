#include "cli/session.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>

#include "base/text.hpp"
#include "cli/standard_error.hpp"
#include "cli/terminal.hpp"
#include "gate/baseline.hpp"

namespace kiln::cli {
namespace {

/// The KIND of "KIND:POINTER=VALUE", or nothing. Published machines cannot be changed.
std::optional<std::string> kind_of(const std::string& set) {
  for (const auto kind : config::kKindNames) {
    if (kind != config::kind_name<config::ReferenceMachine>() && set.starts_with(std::string(kind) + ":"))
      return std::string(kind);
  }
  return std::nullopt;
}

/// "40 s", "12 min"
std::string left_words(double seconds) {
  if (seconds < 100) return fmt::format("{:.0f} s", seconds);
  return fmt::format("{:.0f} min", seconds / 60);
}

/// One line on the terminal, at most ten times a second, two seconds after the work of that name began.
class ProgressLine {
 public:
  void show(std::string_view what, std::uint64_t done, std::uint64_t total) {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    const bool finished = done >= total;
    if (!finished && what != what_) {
      what_ = what;
      started_ = now;
    }
    if (now - started_ < std::chrono::seconds(2)) return;
    if (!finished && now - shown_ < std::chrono::milliseconds(100)) return;
    shown_ = now;
    const double share = total == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(total);
    const double seconds = std::chrono::duration<double>(now - started_).count();
    const double left = share > 0 ? seconds * (1 - share) / share : 0;
    auto line = fmt::format("{}: {:.0f} %, {} left", base::one_line(what), share * 100, left_words(left));
    if (const auto columns = terminal_columns(STDERR_FILENO); columns && line.size() >= *columns)
      line.resize(*columns - 1);  // a longer line would wrap, and stay
    to_standard_error(fmt::format("\r\033[K{}{}", line, finished ? "\r\033[K" : ""));
  }

 private:
  std::mutex mutex_;
  std::string what_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point shown_;
};

}  // namespace

Session::Session(CommonOptions options, Interrupts interrupts)
    : options_(std::move(options)), interrupts_(std::move(interrupts)), environment_({}, options_.threads) {
  environment_.progress = progress();
  environment_.on_warning = warn;
  environment_.on_note = [](const std::string& sentence) {
    const bool on_line = ::isatty(STDERR_FILENO) != 0;  // of the progress
    to_standard_error(fmt::format("{}kiln: {}\n", on_line ? "\r\033[K" : "", base::one_line(sentence)));
  };
}

base::Progress Session::progress() const {
  base::Progress progress;
  progress.stop = stop();
  if (::isatty(STDERR_FILENO) != 0) {
    progress.report = [line = std::make_shared<ProgressLine>()](std::string_view what, std::uint64_t done,
                                                                std::uint64_t total) { line->show(what, done, total); };
  }
  return progress;
}

base::Status Session::allow_set(const std::vector<std::string>& kinds) {
  default_kind_ = kinds.front();
  std::map<std::string, std::vector<config::Override>> overrides;
  for (const auto& set : options_.set) {
    if (set.find('=') == std::string::npos) return base::Error{fmt::format("--set {}: POINTER=VALUE is expected", set)};
    const auto named = kind_of(set);
    const auto kind = named.value_or(kinds.front());
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end())
      return base::Error{fmt::format("--set {}: this command takes no {} config", set, kind)};
    overrides[kind].push_back(named ? set.substr(named->size() + 1) : set);
  }
  for (auto& [kind, changes] : overrides) environment_.configs().override_values(kind, std::move(changes));
  return {};
}

base::Status Session::refuse_set(const std::string& kind, const std::string& why) const {
  for (const auto& set : options_.set)
    if (kind_of(set).value_or(default_kind_) == kind)
      return base::Error{fmt::format("--set {} has no effect: {}", set, why)};
  return {};
}

base::Status Session::refuse_set_of_shapes(const std::string& checkpoint) const {
  if (checkpoint.starts_with("synthetic:")) return {};
  return refuse_set("model", checkpoint.empty() ? "no checkpoint is given" : checkpoint + " has shapes of its own");
}

base::Result<report::Screen> Session::choose_gpus(const std::vector<std::string>& names) {
  config::Catalogue& configs = environment_.configs();
  report::Screen screen;
  screen.columns = text_columns();
  const auto listed = configs.gpus();
  for (const auto& name : names) {
    if (name == "all") {
      screen.all_gpus = true;
      continue;
    }
    const auto spec = configs.gpu(name);
    if (!spec) return spec.error();
    screen.gpus.push_back(spec->name);
    if (std::ranges::find(listed, name) == listed.end() && std::ranges::find(listed, spec->name) == listed.end())
      configs.add_gpu_file(name);
  }
  return screen;
}

base::Status Session::open_output() {
  if (!options_.record.empty()) {
    if (auto can = gate::can_record(options_.record, options_.arguments); !can) return can;
    auto claim = base::OutputClaim::make(options_.record, true);
    if (!claim) return claim.error();
    record_ = *std::move(claim);
  }
  if (options_.json.empty() || options_.json == "-") return {};
  auto file = base::AtomicFile::create(options_.json);
  if (!file) return file.error();
  json_ = *std::move(file);
  return {};
}

base::Status Session::output(const std::string& json, const std::string& text) {
  const bool to_screen = options_.json == "-";
  if (json_) {
    if (auto written = json_->append(json); !written) return written;
    if (auto there = json_->commit(); !there) return there;
    written_.push_back(options_.json);
  }
  if (!options_.record.empty()) {
    record_ = base::OutputClaim();
    if (auto recorded = gate::record(options_.record, json, options_.arguments); !recorded) return recorded;
    written_.push_back(options_.record);
  }
  std::string out = to_screen ? json : text;
  if (!to_screen)
    for (const auto& file : written_) out += "wrote " + base::without_controls(file) + "\n";
  if (std::fwrite(out.data(), 1, out.size(), stdout) != out.size() || std::fflush(stdout) != 0)
    return base::Error{"cannot write to standard output"};
  return {};
}

void Session::warn(const std::string& sentence) {
  static const auto logger = [] {
    const auto mode = colour_is_welcome() ? spdlog::color_mode::automatic : spdlog::color_mode::never;
    auto made = spdlog::stderr_color_st("kiln", mode);
    made->set_pattern("kiln: %^%l%$: %v");
    return made;
  }();
  const QuietPipe quiet;
  logger->warn(base::one_line(sentence));
}

}  // namespace kiln::cli
