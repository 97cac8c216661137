#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <iterator>
#include <lua.hpp>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>
#include <variant>

#include "mirror/lua_host.h"

namespace penstock::redis {

namespace {

// What the scripts call of Redis, each as its documentation says. Anything else is an error, as in an ACL.
class Keyspace {
 public:
  std::int64_t now = 0;  // microseconds
  std::int64_t writes = 0;
  std::set<std::string> forbidden;

  Tree run(const std::vector<std::string>& words) {
    const std::string& name = words.at(0);
    if (forbidden.count(name) != 0) {
      return error("ERR The user executing the script can't run this command or subcommand");
    }
    if (name == "TIME")
      return array({bulk(std::to_string(now / 1'000'000)), bulk(std::to_string(now % 1'000'000))});
    const std::string& key = words.at(1);
    if (const auto found = entries_.find(key); found != entries_.end() && found->second.gone_at < now / 1000) {
      entries_.erase(found);
    }
    if (name == "GET") {
      Entry* const entry = find(key);
      if (entry == nullptr) return {};
      if (auto* text = std::get_if<std::string>(&entry->value)) return bulk(*text);
      return wrong_type();
    }
    if (name == "PTTL") {
      Entry* const entry = find(key);
      if (entry == nullptr) return integer(-2);
      return integer(entry->gone_at == kNever ? -1 : entry->gone_at - now / 1000);
    }
    if (name == "SET") {
      ++writes;
      if (words.size() != 3 && (words.size() != 5 || words[3] != "PX")) return error("ERR syntax error");
      const std::int64_t ttl = words.size() == 5 ? whole(words[4]) : kNever;
      if (ttl <= 0) return error("ERR invalid expire time in 'set' command");
      entries_[key] = {words[2], ttl == kNever ? kNever : now / 1000 + ttl};
      return {.kind = Reply::Kind::status, .text = "OK"};
    }
    if (name == "DEL") {
      ++writes;
      return integer(static_cast<std::int64_t>(entries_.erase(key)));
    }
    if (name == "PEXPIRE") {
      ++writes;
      Entry* const entry = find(key);
      if (entry == nullptr) return integer(0);
      entry->gone_at = now / 1000 + whole(words.at(2));
      return integer(1);
    }
    return list(words);
  }

 private:
  static constexpr std::int64_t kNever = INT64_MAX;
  using List = std::deque<std::string>;
  struct Entry {
    std::variant<std::string, List> value;
    std::int64_t gone_at = kNever;  // it is there as long as the clock of milliseconds shows no more
  };

  static Tree bulk(std::string text) { return {.kind = Reply::Kind::string, .text = std::move(text)}; }
  static Tree integer(std::int64_t number) { return {.kind = Reply::Kind::integer, .integer = number}; }
  static Tree error(std::string text) { return {.kind = Reply::Kind::error, .text = std::move(text)}; }
  static Tree wrong_type() { return error("WRONGTYPE Operation against a key holding the wrong kind of value"); }
  static Tree array(std::vector<Tree> children) {
    return {.kind = Reply::Kind::array, .children = std::move(children)};
  }
  static std::int64_t whole(const std::string& text) {
    std::size_t used = 0;
    const std::int64_t number = std::stoll(text, &used);
    if (used != text.size()) throw std::invalid_argument("not an integer: " + text);
    return number;
  }

  Entry* find(const std::string& key) {
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : &found->second;
  }

  Tree list(const std::vector<std::string>& words) {
    const std::string& name = words[0];
    const std::string& key = words[1];
    Entry* entry = find(key);
    if (entry != nullptr && !std::holds_alternative<List>(entry->value)) return wrong_type();
    if (name == "RPUSH") {
      ++writes;
      if (entry == nullptr) entry = &(entries_[key] = {List(), kNever});
      auto& list = std::get<List>(entry->value);
      list.insert(list.end(), words.begin() + 2, words.end());
      return integer(static_cast<std::int64_t>(list.size()));
    }
    List none;
    List& list = entry != nullptr ? std::get<List>(entry->value) : none;
    const auto size = static_cast<std::int64_t>(list.size());
    const auto place = [&](const std::string& text) {
      const std::int64_t index = whole(text);
      return index < 0 ? index + size : index;
    };
    if (name == "LLEN") return integer(size);
    if (name == "LINDEX" || name == "LSET") {
      const std::int64_t index = place(words.at(2));
      const bool there = index >= 0 && index < size;
      if (name == "LINDEX") return there ? bulk(list[static_cast<std::size_t>(index)]) : Tree();
      ++writes;
      if (!there) return error("ERR index out of range");
      list[static_cast<std::size_t>(index)] = words.at(3);
      return {.kind = Reply::Kind::status, .text = "OK"};
    }
    if (name == "LTRIM") {
      ++writes;
      const std::int64_t first = std::max<std::int64_t>(place(words.at(2)), 0);
      const std::int64_t last = std::min(place(words.at(3)), size - 1);
      if (entry != nullptr) {
        if (first > last) {
          entries_.erase(key);
        } else {
          list.erase(list.begin() + last + 1, list.end());
          list.erase(list.begin(), list.begin() + first);
        }
      }
      return {.kind = Reply::Kind::status, .text = "OK"};
    }
    return error("NOPERM no script calls " + name);
  }

  std::map<std::string, Entry> entries_;
};

class PlainLua final : public LuaHost {
 public:
  PlainLua() : lua_(luaL_newstate()) {
    luaL_openlibs(lua_);
    lua_newtable(lua_);
    for (const auto& [name, function] : {std::pair("call", &call<true>), std::pair("pcall", &call<false>)}) {
      lua_pushlightuserdata(lua_, this);
      lua_pushcclosure(lua_, function, 1);
      lua_setfield(lua_, -2, name);
    }
    lua_setglobal(lua_, "redis");
  }
  ~PlainLua() override { lua_close(lua_); }

  void set_now(std::int64_t now) override { keys_.now = now; }
  std::int64_t writes() const override { return keys_.writes; }
  void forbid(const std::string& command) override { keys_.forbidden.insert(command); }
  Tree command(const std::vector<std::string>& words) override { return keys_.run(words); }

  Tree run(const Call& call) override {
    load(*call.script);
    set_global("KEYS", call.keys);
    set_global("ARGV", call.arguments);
    const int status = lua_pcall(lua_, 0, 1, 0);
    Tree reply = pop();
    if (status != 0 && reply.kind != Reply::Kind::error) {
      reply = {.kind = Reply::Kind::error, .text = "ERR user_script: " + reply.text};
    }
    return reply;
  }

 private:
  // Leaves the script's function on the stack; compiled once.
  void load(const Script& script) {
    const auto found = functions_.find(&script);
    if (found != functions_.end()) {
      lua_rawgeti(lua_, LUA_REGISTRYINDEX, found->second);
      return;
    }
    const std::string name(script.name);
    std::string text(script.text);
    if (const char* const folder = std::getenv("PENSTOCK_SCRIPTS"); folder != nullptr) {
      std::ifstream file(std::string(folder) + "/" + name + ".lua");
      text.assign(std::istreambuf_iterator<char>(file), {});
      if (text.empty()) throw std::runtime_error("no script " + name + " in " + folder);
    }
    if (luaL_loadbuffer(lua_, text.data(), text.size(), name.c_str()) != 0) {
      throw std::runtime_error(lua_tostring(lua_, -1));
    }
    lua_pushvalue(lua_, -1);
    functions_[&script] = luaL_ref(lua_, LUA_REGISTRYINDEX);
  }

  void set_global(const char* name, const std::vector<std::string>& words) {
    lua_createtable(lua_, static_cast<int>(words.size()), 0);
    for (std::size_t i = 0; i < words.size(); ++i) {
      lua_pushlstring(lua_, words[i].data(), words[i].size());
      lua_rawseti(lua_, -2, static_cast<int>(i) + 1);
    }
    lua_setglobal(lua_, name);
  }

  // redis.call and redis.pcall: numbers go to Redis with 17 digits, and come back from it as numbers.
  template <bool kRaises>
  static int call(lua_State* lua) {
    auto* const self = static_cast<PlainLua*>(lua_touserdata(lua, lua_upvalueindex(1)));
    bool failed = false;
    {
      std::vector<std::string> words;
      for (int i = 1; i <= lua_gettop(lua); ++i) {
        if (lua_type(lua, i) == LUA_TNUMBER) {
          char text[32];
          std::snprintf(text, sizeof text, "%.17g", lua_tonumber(lua, i));
          words.emplace_back(text);
        } else {
          std::size_t size = 0;
          const char* const text = lua_tolstring(lua, i, &size);
          words.emplace_back(text, size);
        }
      }
      const Tree reply = self->keys_.run(words);
      self->push(reply);
      failed = reply.kind == Reply::Kind::error;
    }
    if (kRaises && failed) return lua_error(lua);
    return 1;
  }

  void push(const Tree& reply) {
    switch (reply.kind) {
      case Reply::Kind::nil:
        lua_pushboolean(lua_, 0);
        break;
      case Reply::Kind::integer:
        lua_pushnumber(lua_, static_cast<double>(reply.integer));
        break;
      case Reply::Kind::string:
        lua_pushlstring(lua_, reply.text.data(), reply.text.size());
        break;
      case Reply::Kind::status:
      case Reply::Kind::error:
        lua_newtable(lua_);
        lua_pushlstring(lua_, reply.text.data(), reply.text.size());
        lua_setfield(lua_, -2, reply.kind == Reply::Kind::error ? "err" : "ok");
        break;
      case Reply::Kind::array:
        lua_newtable(lua_);
        for (std::size_t i = 0; i < reply.children.size(); ++i) {
          push(reply.children[i]);
          lua_rawseti(lua_, -2, static_cast<int>(i) + 1);
        }
        break;
    }
  }

  // A Lua value as Redis replies it: numbers are cut to integers, an array ends at its first nil.
  Tree pop() {
    Tree reply;
    switch (lua_type(lua_, -1)) {
      case LUA_TNUMBER:
        reply = {.kind = Reply::Kind::integer, .integer = static_cast<std::int64_t>(lua_tonumber(lua_, -1))};
        break;
      case LUA_TSTRING: {
        std::size_t size = 0;
        const char* const text = lua_tolstring(lua_, -1, &size);
        reply = {.kind = Reply::Kind::string, .text = std::string(text, size)};
        break;
      }
      case LUA_TTABLE: {
        lua_getfield(lua_, -1, "err");
        if (lua_isstring(lua_, -1) != 0) {
          reply = {.kind = Reply::Kind::error, .text = lua_tostring(lua_, -1)};
          lua_pop(lua_, 1);
          break;
        }
        lua_pop(lua_, 1);
        reply.kind = Reply::Kind::array;
        for (int i = 1;; ++i) {
          lua_rawgeti(lua_, -1, i);
          if (lua_isnil(lua_, -1)) break;
          reply.children.push_back(pop());
        }
        lua_pop(lua_, 1);
        break;
      }
      default:
        break;
    }
    lua_pop(lua_, 1);
    return reply;
  }

  lua_State* lua_;
  std::map<const Script*, int> functions_;
  Keyspace keys_;
};

}  // namespace

std::unique_ptr<LuaHost> make_lua_host() { return std::make_unique<PlainLua>(); }

}  // namespace penstock::redis
