#include "host/conversation.hpp"

#include <algorithm>

#include "host/run.hpp"

namespace kiln::host {
namespace {

constexpr std::string_view kWhite = " \t\n\r\f\v";

std::string_view without_leading(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kWhite), text.size()));
  return text;
}

std::string_view trimmed(std::string_view text) {
  text = without_leading(text);
  const auto last = text.find_last_not_of(kWhite);
  return text.substr(0, last == text.npos ? 0 : last + 1);
}

/// What is in `text` after the answer that it begins with; templates may have put white space around it or taken
/// it away.
std::optional<std::string_view> behind(std::string_view text, std::string_view answer) {
  if (text.starts_with(answer)) return text.substr(answer.size());
  text = without_leading(text);
  const std::string_view core = trimmed(answer);
  if (text.starts_with(core)) return text.substr(core.size());
  return std::nullopt;
}

}  // namespace

std::optional<double> Turn::ttft_us(std::uint32_t clock_mhz) const {
  if (commits.empty()) return std::nullopt;
  return static_cast<double>(commits.front().count()) / clock_mhz;
}

std::optional<double> Turn::tokens_per_s(std::uint32_t clock_mhz) const {
  if (commits.size() < 2) return std::nullopt;
  return static_cast<double>(commits.size() - 1) * clock_mhz * 1e6 /
         static_cast<double>((commits.back() - commits.front()).count());
}

Conversation::Conversation(const program::Placement& placement, functional::FunctionalModel& values,
                           const tokenizer::Tokenizer& tokenizer, std::optional<tokenizer::ChatTemplate> chat_template,
                           const Options& options)
    : placement_(placement),
      values_(values),
      tokenizer_(tokenizer),
      template_(std::move(chat_template)),
      options_(options) {}

base::Status Conversation::set_system(std::string text) {
  if (!template_) return base::Error{"a system message needs a chat template, and there is none"};
  if (state_.messages.size() > (system_ ? 1U : 0U)) return base::Error{"a system message comes before the first turn"};
  system_ = std::move(text);
  reset();
  return {};
}

void Conversation::reset() {
  state_ = {};
  if (system_) state_.messages.push_back({"system", *system_});
}

std::string Conversation::token_text(std::optional<base::TokenId> id) const {
  return id ? tokenizer_.spec().tokens[*id] : std::string();
}

base::Result<Conversation::Ids> Conversation::encode_behind(std::string_view text) const {
  const auto& spec = tokenizer_.spec();
  // SentencePiece tokenises the front of a text differently from the rest: a token goes before it.
  const auto mark = spec.bos ? spec.bos : spec.eos.empty() ? std::nullopt : std::optional(spec.eos.front());
  if (spec.kind != tokenizer::Kind::SentencePiece || !mark) return tokenizer_.encode(text, false);
  auto ids = tokenizer_.encode(token_text(mark) + std::string(text), false);
  if (!ids || ids->empty() || ids->front() != *mark) return tokenizer_.encode(text, false);
  ids->erase(ids->begin());
  return ids;
}

/// The last answer token, then what was written after the answer. An end token that the template does not write there
/// is left out, since the model knows what the template writes.
base::Result<Conversation::Ids> Conversation::behind_answer(std::string_view added) const {
  Ids ids;
  if (tokenizer_.is_end_of_text(*state_.pending)) {
    const std::string end = token_text(state_.pending);
    const std::string_view core = without_leading(added);
    if (!end.empty() && core.starts_with(end)) {
      ids.push_back(*state_.pending);
      added = core.substr(end.size());
    }
  } else {
    ids.push_back(*state_.pending);
  }
  const auto rest = encode_behind(added);
  if (!rest) return rest.error();
  ids.insert(ids.end(), rest->begin(), rest->end());
  return ids;
}

base::Result<Conversation::Prompt> Conversation::continued(const std::string& text) const {
  Prompt prompt;
  prompt.cached_prefix = state_.cached_prefix;
  if (state_.pending) prompt.ids.push_back(*state_.pending);
  const auto ids = state_.pending ? encode_behind(text) : tokenizer_.encode(text);
  if (!ids) return ids.error();
  prompt.ids.insert(prompt.ids.end(), ids->begin(), ids->end());
  return prompt;
}

base::Result<Conversation::Prompt> Conversation::prompt_of(const std::string& text, const std::stop_token& stop) const {
  if (!template_) return continued(text);
  const auto& spec = tokenizer_.spec();
  tokenizer::TemplateTokens named{spec.bos, spec.eos.empty() ? std::nullopt : std::optional(spec.eos.front())};
  if (spec.template_tokens) named = *spec.template_tokens;
  auto messages = state_.messages;
  messages.push_back({"user", text});
  const tokenizer::ChatTemplate::Names names{token_text(named.bos), token_text(named.eos), spec.template_names};
  const auto written = template_->render(messages, true, names, {std::nullopt, stop});
  if (!written) return written.error();
  Prompt prompt;
  prompt.written = *written;
  if (state_.pending && written->starts_with(state_.written)) {
    const auto added = behind(std::string_view(*written).substr(state_.written.size()), state_.messages.back().content);
    if (added) {
      auto ids = behind_answer(*added);
      if (!ids) return ids.error();
      prompt.ids = *std::move(ids);
      prompt.cached_prefix = state_.cached_prefix;
      return prompt;
    }
  }
  prompt.sent_again = state_.messages.size() > (system_ ? 1U : 0U);
  const std::string bos = token_text(spec.bos);
  auto ids = tokenizer_.encode(*written, spec.bos_before_template && (bos.empty() || !written->starts_with(bos)));
  if (!ids) return ids.error();
  prompt.ids = *std::move(ids);
  return prompt;
}

base::Result<Turn> Conversation::say(const std::string& text, const Listener& listener) {
  Turn turn;
  turn.user = text;
  auto prompt = prompt_of(text, listener.stop);
  if (!prompt && listener.stop.stop_requested()) return turn;  // in the template
  if (!prompt) return prompt.error();
  turn.prompt = std::move(prompt->ids);
  turn.cached_prefix = prompt->cached_prefix;
  turn.sent_again = prompt->sent_again;

  if (turn.prompt.size() > placement_.kv().capacity_tokens - turn.cached_prefix) {
    turn.finish = chip::Finish::Refused;
    return turn;
  }

  chip::RunRequest request;
  request.users.emplace_back();
  request.users[0].prompt = turn.prompt;
  request.users[0].cached_prefix = turn.cached_prefix;
  request.users[0].max_new_tokens = options_.most_answer_tokens;
  request.users[0].end_tokens = tokenizer_.spec().eos;
  request.users[0].sampling = options_.sampling;
  request.values = &values_;
  request.stop = listener.stop;
  request.on_progress = [&](std::uint64_t done, std::uint64_t most) {
    if (listener.on_progress) listener.on_progress(done, turn.prompt.size(), most);
  };
  tokenizer::Utf8Assembler assembler;
  const auto show = [&](const std::string& piece) {
    turn.text += piece;
    if (listener.on_text && !piece.empty()) listener.on_text(piece);
  };
  request.on_token = [&](std::uint32_t, base::TokenId id, std::uint64_t) {
    turn.pieces.push_back(assembler.push(tokenizer_.decode(id)));
    show(turn.pieces.back());
  };
  auto result = host::run(placement_, request, OnStop::Keep);
  if (!result) return result.error();
  if (const std::string rest = assembler.finish(); !rest.empty()) {
    turn.pieces.back() += rest;
    show(rest);
  }
  turn.mismatch = result->mismatch;
  turn.finish = result->chip.users[0].finish;
  turn.answer = result->chip.users[0].answer;
  const base::Cycles arrival = result->chip.users[0].prompt_arrival;
  for (const auto& token : result->chip.tokens) {
    if (std::uint64_t{token.position.value} + 1 >= turn.cached_prefix + turn.prompt.size())
      turn.commits.push_back(token.commit - arrival);
  }
  before_ = state_;
  if (turn.answer.empty()) {
    drop(turn);
  } else {
    settle(turn, std::move(prompt->written));
  }
  return turn;
}

/// The conversation after this turn: all its tokens but the last are in the cache.
void Conversation::settle(const Turn& turn, std::string written) {
  state_ = before_;
  state_.messages.push_back({"user", turn.user});
  state_.messages.push_back({"assistant", turn.text});
  state_.cached_prefix = turn.context_tokens() - 1;
  state_.pending = turn.answer.back();
  state_.written = std::move(written);
  values_.rewind(0, state_.cached_prefix);
}

/// The conversation before this turn. If the turn had emptied the cache, the next one does so again.
void Conversation::drop(const Turn& turn) {
  state_ = before_;
  if (turn.cached_prefix == 0) {
    state_.cached_prefix = 0;
    state_.pending.reset();
    state_.written.clear();
  }
  values_.rewind(0, state_.cached_prefix);
}

void Conversation::cut(Turn& turn, std::size_t answer_tokens) {
  if (answer_tokens >= turn.answer.size()) return;
  turn.finish = chip::Finish::Interrupted;
  turn.answer.resize(answer_tokens);
  turn.pieces.resize(answer_tokens);
  turn.commits.resize(answer_tokens);
  turn.text.clear();
  for (const auto& piece : turn.pieces) turn.text += piece;
  if (turn.answer.empty()) return drop(turn);
  settle(turn, std::move(state_.written));
}

}  // namespace kiln::host
