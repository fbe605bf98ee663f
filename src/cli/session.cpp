#include "cli/session.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "base/atomic_file.hpp"
#include "base/text.hpp"
#include "cli/terminal.hpp"
#include "numerics/matrix.hpp"

namespace kiln::cli {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string executable() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).string();
}

/// The KIND of "KIND:POINTER=VALUE", or nothing. Published machines are what they are.
std::optional<std::string> kind_of(const std::string& set) {
  for (const auto kind : config::kKindNames) {
    if (kind != config::kind_name<config::ReferenceMachine>() && set.starts_with(std::string(kind) + ":"))
      return std::string(kind);
  }
  return std::nullopt;
}

std::string_view simd_name(numerics::Simd simd) {
  switch (simd) {
    case numerics::Simd::Avx512:
      return "avx512";
    case numerics::Simd::Avx2:
      return "avx2";
    case numerics::Simd::Scalar:
      break;
  }
  return "scalar";
}

/// "40 s", "12 min"
std::string left_words(double seconds) {
  if (seconds < 100) return fmt::format("{:.0f} s", seconds);
  return fmt::format("{:.0f} min", seconds / 60);
}

/// One line on the terminal, at most ten times a second.
class ProgressLine {
 public:
  void show(std::string_view what, std::uint64_t done, std::uint64_t total) {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (now - started_ < std::chrono::seconds(2)) return;
    const bool finished = done >= total;
    if (!finished && now - shown_ < std::chrono::milliseconds(100)) return;
    shown_ = now;
    const double share = total == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(total);
    const double seconds = std::chrono::duration<double>(now - started_).count();
    const double left = share > 0 ? seconds * (1 - share) / share : 0;
    auto line = fmt::format("{}: {:.0f} %, {} left", what, share * 100, left_words(left));
    if (const auto columns = terminal_columns(STDERR_FILENO); columns && line.size() >= *columns)
      line.resize(*columns - 1);  // a longer line would wrap, and stay
    fmt::print(stderr, "\r\033[K{}{}", line, finished ? "\r\033[K" : "");
    std::fflush(stderr);
  }

 private:
  std::mutex mutex_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point shown_;
};

}  // namespace

Session::Session(CommonOptions options, Interrupts interrupts)
    : options_(std::move(options)),
      interrupts_(std::move(interrupts)),
      configs_(environment("KILN_CONFIG_PATH"), executable()),
      started_(std::chrono::steady_clock::now()) {}

base::ThreadPool& Session::pool() {
  if (!pool_) pool_.emplace(options_.threads);
  return *pool_;
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

base::Status Session::allow_set(std::vector<std::string> kinds) {
  set_kinds_ = std::move(kinds);
  for (const auto& set : options_.set) {
    if (set.find('=') == std::string::npos) return base::Error{fmt::format("--set {}: POINTER=VALUE is expected", set)};
    const auto kind = kind_of(set).value_or(set_kinds_.front());
    if (std::find(set_kinds_.begin(), set_kinds_.end(), kind) == set_kinds_.end())
      return base::Error{fmt::format("--set {}: this command takes no {} config", set, kind)};
  }
  return {};
}

base::Status Session::refuse_set(const std::string& kind, const std::string& why) const {
  for (const auto& set : options_.set)
    if (kind_of(set).value_or(set_kinds_.front()) == kind)
      return base::Error{fmt::format("--set {} has no effect: {}", set, why)};
  return {};
}

base::Status Session::refuse_set_of_shapes(const std::string& checkpoint) const {
  if (checkpoint.starts_with("synthetic:")) return {};
  return refuse_set("model", checkpoint.empty() ? "no checkpoint is given" : checkpoint + " has shapes of its own");
}

std::vector<config::Override> Session::overrides(std::string_view kind) const {
  std::vector<config::Override> result;
  for (const auto& set : options_.set) {
    const auto named = kind_of(set);
    if (named.value_or(set_kinds_.empty() ? "" : set_kinds_.front()) != kind) continue;
    result.push_back(named ? set.substr(named->size() + 1) : set);
  }
  return result;
}

std::vector<std::string> Session::gpus() const {
  auto names = configs_.list("gpu");
  names.insert(names.end(), gpu_files_.begin(), gpu_files_.end());
  return names;
}

base::Result<report::Screen> Session::choose_gpus(const std::vector<std::string>& names) {
  report::Screen screen;
  screen.columns = text_columns();
  const auto listed = configs_.list("gpu");
  for (const auto& name : names) {
    if (name == "all") {
      screen.all_gpus = true;
      continue;
    }
    const auto spec = gpu(name);
    if (!spec) return spec.error();
    screen.gpus.push_back(spec->name);
    if (std::ranges::find(listed, name) == listed.end() && std::ranges::find(listed, spec->name) == listed.end())
      gpu_files_.push_back(name);
  }
  return screen;
}

base::Result<std::vector<config::ReferenceMachine>> Session::machines() const {
  std::vector<config::ReferenceMachine> machines;
  for (const auto& name : names(config::kind_name<config::ReferenceMachine>())) {
    auto machine = load<config::ReferenceMachine>(name);
    if (!machine) return machine.error();
    machines.push_back(*std::move(machine));
  }
  return machines;
}

base::Result<std::unique_ptr<checkpoint::Checkpoint>> Session::checkpoint(const std::string& source) const {
  const auto synthetic = checkpoint::parse_synthetic(source);
  if (!synthetic) return synthetic.error();
  if (!*synthetic) return checkpoint::open(source);
  const auto shapes = model((*synthetic)->model);
  if (!shapes) return shapes.error();
  return checkpoint::synthetic(*shapes, (*synthetic)->seed);
}

base::Status Session::open_output() {
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
  logger->warn(sentence);
}

report::HostFigures Session::host_figures() const {
  report::HostFigures figures;
  figures.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  figures.peak_memory_mib = static_cast<double>(usage.ru_maxrss) / 1024.0;
  figures.threads = pool_ ? pool_->threads() : 1;
  figures.simd = simd_name(numerics::best_simd());
  return figures;
}

}  // namespace kiln::cli
