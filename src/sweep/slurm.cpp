#include "sweep/slurm.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/text.hpp"
#include "sweep/worker_file.hpp"

namespace kiln::sweep {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr milliseconds kSoonest{500};  ///< between looks at the queue, and at the files
constexpr seconds kLatest{10};         ///< between looks of an array that has been at work for long
constexpr minutes kQueuePatience{30};  ///< with a Slurm that does not answer
constexpr seconds kUntilNote{20};      ///< of not answering, until the user hears of it
constexpr minutes kAfterCancel{2};     ///< that a cancelled array may take to end
constexpr std::size_t kMostNamed = 8;  ///< tasks in a sentence

}  // namespace

SlurmArray::SlurmArray(ArrayFiles files, std::string name, JobId id, std::size_t tasks, const Task& task,
                       const ArraySettings& settings)
    : files_(std::move(files)),
      name_(std::move(name)),
      id_(std::move(id)),
      numbers_(task.numbers),
      key_of_(settings.key_of),
      read_(tasks),
      missing_(task.numbers.begin(), task.numbers.end()) {}

base::Result<std::vector<Outcome>> SlurmArray::read(std::size_t task,
                                                    const std::function<void(const std::string&)>& warn) {
  const auto file = files_.answers(task);
  auto outcomes = read_outcomes(file, read_[task - 1], [&](std::uint64_t byte) {
    warn(fmt::format("{}: byte {}: a line is not whole; its point is answered again", file, byte));
  });
  if (!outcomes) return outcomes;
  const auto strangers =
      std::erase_if(*outcomes, [&](const Outcome& each) { return key_of_(each.number) != each.key; });
  std::erase_if(*outcomes, [&](const Outcome& each) { return missing_.erase(each.number) == 0; });
  if (strangers > 0 && !warned_of_keys_) {
    warn(file + ": has answers of another Kiln, or to other configs; they are passed over");
    warned_of_keys_ = true;
  }
  return outcomes;
}

base::Result<std::vector<Outcome>> SlurmArray::news(const std::function<void(const std::string&)>& warn) {
  for (const auto& note : notes_) warn(note);
  notes_.clear();
  std::vector<Outcome> all;
  const auto now = Clock::now();
  if (!ended_ && now < next_read_) return all;
  // Many files on a network file system are looked at less often.
  next_read_ = now + kSoonest + milliseconds(5 * read_.size());
  for (std::size_t task = 1; task <= read_.size(); ++task) {
    auto some = read(task, warn);
    if (!some) return some;
    std::move(some->begin(), some->end(), std::back_inserter(all));
  }
  return all;
}

bool SlurmArray::at_work() {
  if (missing_.empty()) ended_ = true;
  if (!ended_) look();
  if (!ended_ && cancel_) look_at_cancel();
  return !ended_;
}

void SlurmArray::look() {
  const auto now = Clock::now();
  if (queue_) {
    if (!queue_->ended()) return;
    hear(*queue_);
    queue_.reset();
    const auto patient = std::chrono::duration_cast<milliseconds>(now - began_) / 20;
    next_look_ = now + (quiet_looks_ > 0 || stopped_ ? kSoonest : std::clamp<milliseconds>(patient, kSoonest, kLatest));
    return;
  }
  if (now < next_look_) return;
  auto asked = Asked::start(squeue_words(name_, id_.cluster));
  if (asked) {
    queue_.emplace(std::move(*asked));
    return;
  }
  no_reply(asked.error().message);
  next_look_ = now + kSoonest;
}

void SlurmArray::hear(Asked& queue) {
  if (queue.good()) {
    failed_looks_ = 0;
    noted_ = false;
    bool any = false;
    for (auto& task : parse_tasks(queue.reply())) {
      any = any || task.at_work();
      tasks_[task.index] = std::move(task);
    }
    note_held();
    // A task whose node was lost may be nowhere for a moment, until Slurm starts it again.
    quiet_looks_ = any ? 0 : quiet_looks_ + 1;
    ended_ = quiet_looks_ >= 2;
    return;
  }
  no_reply(queue.words());
}

void SlurmArray::no_reply(const std::string& words) {
  const auto now = Clock::now();
  if (failed_looks_++ == 0) failing_since_ = now;
  if (now - failing_since_ > kQueuePatience) {
    give_up(fmt::format("squeue has failed for {} minutes: {}", kQueuePatience.count(), words));
  } else if (now - failing_since_ > kUntilNote && !noted_) {
    notes_.push_back(fmt::format("squeue: {}; it is asked again until it answers", words));
    noted_ = true;
  }
}

/// Nothing but a user ends this waiting, so that they hear of it once.
void SlurmArray::note_held() {
  std::size_t held = 0;
  std::string reason;
  for (const auto& [index, task] : tasks_) {
    if (!task.held()) continue;
    if (held++ == 0) reason = task.reason;
  }
  if (held == 0 || noted_held_) return;
  noted_held_ = true;
  notes_.push_back(fmt::format("{}: Slurm holds {} of its {} tasks ({}); scancel {} ends them, --resume goes on", job(),
                               held, read_.size(), base::excerpt(base::without_controls(reason)), cancel_word()));
}

void SlurmArray::stop() {
  if (stopped_) return;
  stopped_ = true;
  stopped_at_ = Clock::now();
  next_look_ = stopped_at_;
  auto asked = Asked::start(scancel_words(name_, id_.cluster));
  if (asked) {
    cancel_.emplace(std::move(*asked));
  } else {
    give_up(asked.error().message);
  }
}

void SlurmArray::look_at_cancel() {
  if (cancel_->ended() && !cancel_->good()) {
    give_up("scancel: " + cancel_->words());
  } else if (Clock::now() - stopped_at_ > kAfterCancel) {
    give_up("it was cancelled and has not ended");
  }
}

void SlurmArray::give_up(std::string why) {
  ended_ = true;
  gave_up_ = fmt::format("{}; {} may still be at work (scancel {} ends it, --resume goes on with it)", why, job(),
                         cancel_word());
  if (stopped_) notes_.push_back(gave_up_);
}

std::string SlurmArray::cancel_word() const { return id_.number.empty() ? "--name=" + name_ : id_.number; }

std::string SlurmArray::job() const {
  return id_.number.empty() ? "Slurm's job " + name_ : "Slurm's job " + id_.number;
}

std::string SlurmArray::state() const {
  std::vector<ArrayTask> tasks;
  tasks.reserve(tasks_.size());
  for (const auto& [index, task] : tasks_) tasks.push_back(task);
  return tasks.empty() ? job() : job() + ": " + summary(tasks);
}

std::string SlurmArray::failure() const {
  if (stopped_) return "";
  if (!gave_up_.empty()) return gave_up_;
  if (adopted_ || missing_.empty()) return "";
  std::string named, said;
  std::size_t unfinished = 0;
  for (std::size_t task = 1; task <= read_.size(); ++task) {
    bool open = false;
    for (auto i = task - 1; i < numbers_.size(); i += read_.size()) open = open || missing_.contains(numbers_[i]);
    if (!open) continue;
    if (++unfinished > kMostNamed) continue;
    const auto known = tasks_.find(task);
    named += fmt::format("{}task {} {}", named.empty() ? "" : ", ", task,
                         known == tasks_.end() ? "(not in the queue)" : known->second.state);
    if (said.empty()) said = base::excerpt(base::without_controls(said_in(files_.log(task))));
  }
  if (unfinished > kMostNamed) named += fmt::format(" and {} more", unfinished - kMostNamed);
  return fmt::format(
      "{} ended and left {} of its {} points without an answer: {}; what they printed is in {}-*.log{}; "
      "--resume submits those points again",
      job(), missing_.size(), numbers_.size(), named, base::without_controls(files_.base),
      said.empty() ? "" : fmt::format(" (\"{}\")", said));
}

void SlurmArray::remove_files() const {
  if (!gave_up_.empty()) return;
  for (const auto& file : {files_.todo(), files_.job(), files_.base + ".sbatch"}) ::unlink(file.c_str());
  for (std::size_t task = 1; task <= read_.size(); ++task) {
    ::unlink(files_.log(task).c_str());
    ::unlink(files_.answers(task).c_str());
  }
}

}  // namespace kiln::sweep
