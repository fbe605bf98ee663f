#include "tokenizer/chat_template.hpp"

#include "base/utf8.hpp"
#include "jinja/evaluate.hpp"
#include "jinja/parser.hpp"
#include "jinja/text.hpp"

namespace kiln::tokenizer {

struct ChatTemplate::Impl {
  jinja::Block block;
};

namespace {

// What apply_chat_template gives a template to see.
jinja::Scope globals_of(std::span<const ChatMessage> messages, bool add_generation_prompt,
                        const ChatTemplate::Names& names, jinja::Budget& budget) {
  jinja::Items list;
  for (const ChatMessage& message : messages) {
    list.push_back(jinja::dict(
        {{"role", jinja::string(message.role, budget)}, {"content", jinja::string(message.content, budget)}}, budget));
  }
  jinja::Scope scope;
  for (const auto& [name, text] : names.others) scope[name] = jinja::string(text, budget);
  scope["messages"] = jinja::list(std::move(list), budget);
  scope["add_generation_prompt"] = jinja::boolean(add_generation_prompt);
  scope["tools"] = {};
  scope["documents"] = {};
  if (!names.bos_token.empty()) scope["bos_token"] = jinja::string(names.bos_token, budget);
  if (!names.eos_token.empty()) scope["eos_token"] = jinja::string(names.eos_token, budget);
  scope["range"] = jinja::function(jinja::Function::Range);
  scope["namespace"] = jinja::function(jinja::Function::Namespace);
  scope["raise_exception"] = jinja::function(jinja::Function::RaiseException);
  return scope;
}

}  // namespace

ChatTemplate::ChatTemplate(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

base::Result<ChatTemplate> ChatTemplate::parse(std::string_view source) {
  constexpr std::size_t kMostSource = std::size_t{1} << 20;
  if (source.size() > kMostSource) return base::Error{"the chat template is larger than 1 MiB"};
  if (const auto at = base::first_invalid_utf8(source)) {
    return base::Error{"the chat template is not UTF-8 at byte " + std::to_string(*at)};
  }
  try {
    return ChatTemplate(std::make_unique<const Impl>(Impl{jinja::parse_template(source)}));
  } catch (const jinja::TemplateError& error) {
    return base::Error{error.message};
  }
}

base::Result<std::string> ChatTemplate::render(std::span<const ChatMessage> messages, bool add_generation_prompt,
                                               const Names& names, const Limits& limits) const {
  std::size_t number = 0;
  for (const ChatMessage& message : messages) {
    ++number;
    for (const std::string* text : {&message.role, &message.content}) {
      if (const auto at = base::first_invalid_utf8(*text)) {
        return base::Error{"message " + std::to_string(number) + " is not UTF-8 at byte " + std::to_string(*at)};
      }
    }
  }
  for (const std::string* token : {&names.bos_token, &names.eos_token}) {
    if (base::first_invalid_utf8(*token)) return base::Error{"the name of a BOS or EOS token is not UTF-8"};
  }
  for (const auto& [name, token] : names.others)
    if (base::first_invalid_utf8(token)) return base::Error{"the text of a special token is not UTF-8"};
  try {
    jinja::Budget budget(limits.work.value_or(jinja::Budget::kUsual), limits.stop);
    return jinja::Evaluator(globals_of(messages, add_generation_prompt, names, budget), budget).render(impl_->block);
  } catch (const jinja::TemplateError& error) {
    return base::Error{error.message};
  } catch (const jinja::ValueError& error) {
    return base::Error{"the messages: " + error.what};
  }
}

}  // namespace kiln::tokenizer
