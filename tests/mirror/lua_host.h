// Where a script runs without a server: plain Lua 5.1, with what little of Redis the scripts call.
//
// Where $PENSTOCK_SCRIPTS names a folder, the scripts are those that are there, as <name>.lua.

#ifndef PENSTOCK_TESTS_MIRROR_LUA_HOST_H_
#define PENSTOCK_TESTS_MIRROR_LUA_HOST_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "redis/reply.h"
#include "redis/scripts.h"

namespace penstock::redis {

// A reply that owns its bytes.
struct Tree {
  Reply::Kind kind = Reply::Kind::nil;
  std::int64_t integer = 0;
  std::string text = {};
  std::vector<Tree> children = {};
};

// A tree as what reads replies sees it. The tree must outlive it, unchanged.
class TreeView {
 public:
  explicit TreeView(const Tree& tree) {
    children_.reserve(tree.children.size());
    for (const Tree& child : tree.children) children_.emplace_back(child);
    for (const TreeView& child : children_) replies_.push_back(child.reply_);
    reply_ = {.kind = tree.kind, .integer = tree.integer, .text = tree.text, .children = replies_};
  }
  TreeView(const TreeView&) = delete;
  TreeView(TreeView&&) = default;
  const Reply& reply() const { return reply_; }

 private:
  std::vector<TreeView> children_;
  std::vector<Reply> replies_;
  Reply reply_;
};

struct Call {
  const Script* script = nullptr;
  std::vector<std::string> keys;
  std::vector<std::string> arguments;
};

class LuaHost {
 public:
  virtual ~LuaHost() = default;
  virtual Tree run(const Call& call) = 0;
  // Runs a command of Redis.
  virtual Tree command(const std::vector<std::string>& words) = 0;
  // What TIME says, in microseconds. A key whose time to live has passed by then is forgotten.
  virtual void set_now(std::int64_t now) = 0;
  // As if the user had no right to it.
  virtual void forbid(const std::string& command) = 0;
  // How many commands the scripts have run that write.
  [[nodiscard]] virtual std::int64_t writes() const = 0;
};
std::unique_ptr<LuaHost> make_lua_host();

}  // namespace penstock::redis

#endif  // PENSTOCK_TESTS_MIRROR_LUA_HOST_H_
