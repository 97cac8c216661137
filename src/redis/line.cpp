#include "redis/line.h"

#include <algorithm>

#include "redis/command.h"

namespace penstock::redis {

void append(Group& group, Question& question) {
  question.next = nullptr;
  question.gone_before = 0;
  (group.last == nullptr ? group.first : group.last->next) = &question;
  group.last = &question;
  ++group.questions;
  group.bytes += bytes_of_keys(question);
  group.deadline = std::min(group.deadline, question.deadline);
}

void append_call(std::string& out, const Group& group) {
  const Question& common = *group.first;
  const Program& program = *common.program;
  const std::size_t keys = group.questions * program.keys;
  bool one_cost = true;
  for_each(group, [&](const Question& question) { one_cost = one_cost && question.cost == common.cost; });
  append_header(out, '*', 3 + keys + 1 + (one_cost ? 1 : group.questions));
  append_argument(out, "EVALSHA");
  append_argument(out, program.script->sha1);
  append_argument(out, Decimal(static_cast<std::int64_t>(keys)).view());
  for_each(group, [&](const Question& question) {
    for (const std::string& key : question.keys) append_argument(out, key);
  });
  append_argument(out, call_argument(common.op, common.now, common.patience, program.limits));
  if (one_cost) {
    append_argument(out, Decimal(common.cost).view());
  } else {
    for_each(group, [&](const Question& question) { append_argument(out, Decimal(question.cost).view()); });
  }
}

void Line::add(Question& question) {
  Group*& last = last_of_[question.program];
  if (last == nullptr || !fits(*last, question)) last = &groups_.emplace_back();
  append(*last, question);
  deadline_ = std::min(deadline_, question.deadline);
}

bool Line::fits(const Group& group, const Question& question) const {
  if (group.questions == 0) return true;
  const Question& common = *group.first;
  return group.questions < most_.questions && (group.questions + 1) * question.keys.size() <= most_.keys &&
         group.bytes + bytes_of_keys(question) <= most_.bytes && common.op == question.op &&
         common.patience == question.patience && common.now == question.now;
}

Group Line::take() {
  const Group group = groups_.front();
  const auto last = last_of_.find(group.first->program);
  if (last != last_of_.end() && last->second == &groups_.front()) last_of_.erase(last);
  groups_.pop_front();
  drop_empty();
  if (groups_.empty()) deadline_ = Instant::max();
  return group;
}

Group Line::take_expired(Instant now) {
  Group expired;
  deadline_ = Instant::max();
  for (Group& group : groups_) {
    if (group.deadline > now) {
      deadline_ = std::min(deadline_, group.deadline);
      continue;
    }
    const Program* const program = group.questions > 0 ? group.first->program : nullptr;
    Group rest;
    for_each(group, [&](Question& question) { append(question.deadline <= now ? expired : rest, question); });
    group = rest;
    if (rest.questions == 0) {
      // The program may be gone once its last question is answered.
      const auto last = last_of_.find(program);
      if (last != last_of_.end() && last->second == &group) last_of_.erase(last);
    }
    deadline_ = std::min(deadline_, group.deadline);
  }
  drop_empty();
  return expired;
}

void Line::drop_empty() {
  while (!groups_.empty() && groups_.front().questions == 0) groups_.pop_front();
}

}  // namespace penstock::redis
