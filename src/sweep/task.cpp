// The file that tells a worker its points. What it says is checked: whoever may write in the folder may have written it.
#include "json/read.hpp"
#include "sweep/workers.hpp"

namespace kiln::sweep {

std::string to_text(const Task& task) {
  json::Array numbers;
  for (const auto number : task.numbers) numbers.emplace_back(number);
  return json::write(
      json::Object{{"numbers", std::move(numbers)}, {"verify", task.verify}, {"fail_fast", task.fail_fast}});
}

base::Result<Task> parse_task(const std::string& text, const std::string& name) {
  const auto tree = json::read(text, 4, [](const json::Problem&) { return false; });
  const auto* numbers = tree ? tree->find("numbers") : nullptr;
  if (numbers == nullptr || !numbers->is_array()) return base::Error{name + " is no part of a sweep"};
  Task task;
  for (const auto& number : numbers->array()) {
    if (!number.is_whole()) return base::Error{name + " is no part of a sweep"};
    task.numbers.push_back(number.whole());
  }
  const auto flag = [&](const char* key) {
    const auto* found = tree->find(key);
    return found != nullptr && found->is_boolean() && found->boolean();
  };
  task.verify = flag("verify");
  task.fail_fast = flag("fail_fast");
  return task;
}

}  // namespace kiln::sweep
