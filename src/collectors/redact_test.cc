// SPDX-License-Identifier: Apache-2.0
#include "collectors/redact.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace tacho {
namespace {

std::string line_of(std::initializer_list<std::string_view> arguments) {
  std::string joined;
  for (const std::string_view argument : arguments) joined.append(argument).push_back('\0');
  return redact_arguments(joined, 4096).text;
}

TEST(Redact, KeepsWhatIsNoSecret) {
  for (const std::initializer_list<std::string_view> arguments :
       {std::initializer_list<std::string_view>{"make", "-j4", "CXX=g++", "PREFIX=/usr/local"},
        {"gcc", "-O2", "-o", "build/main.o", "-c", "src/main.cc", "-DNAME=value"},
        {"python3", "train.py", "--learning-rate", "0.001", "--epochs=30"},
        {"docker", "run", "-p", "80:80", "repo/image:1.2@sha256:0123", "--user", "1000:1000"},
        {"java", "-cp", "lib/a.jar:lib/oauth.jar:lib/b.jar", "-key", "file"},
        {"openssl", "req", "-keyout", "file.pem"},
        {"mysql", "-p"},
        {"rsync", "-a", "me@host:folder/", "folder/"},
        {"ls", "/nix/store/some-package-1.2.3/bin/program", "https://example.org/path?page=2"},
        {"git", "clone", "https://example.org/a/b.git"}}) {
    std::string joined;
    for (const std::string_view argument : arguments) joined.append(argument).push_back(' ');
    joined.pop_back();
    const std::string line = line_of(arguments);
    EXPECT_EQ(line.find("[removed]"), std::string::npos) << line;
  }
}

TEST(Redact, QuotesAsAShellNeedsIt) {
  EXPECT_EQ(line_of({"sh", "-c", "echo it's"}), "sh -c 'echo it'\\''s'");
  EXPECT_EQ(line_of({"printf", ""}), "printf ''");
}

TEST(Redact, EscapesBytesThatATerminalObeys) {
  EXPECT_EQ(line_of({"echo", "a\033]0;title\007\nb\xff"}), "echo 'a\\x1b]0;title\\x07\\x0ab\\xff'");
}

TEST(Redact, SaysWhenItWasCut) {
  const std::string longer = std::string("echo") + '\0' + std::string(10'000, 'x') + '\0';
  const RedactedArguments redacted = redact_arguments(longer, 4096);
  EXPECT_TRUE(redacted.cut);
  EXPECT_LE(redacted.text.size(), 4096u + 2);
  EXPECT_FALSE(redact_arguments(std::string("true\0", 5), 4096).cut);
}

// Thirty ways to put a secret into a command line; the marker must not survive.
TEST(Redact, RemovesThirtyKindsOfSecrets) {
  const std::string secret = "hunter2SECRET";
  const std::string random = "Zx9Kq2Lm8Wp4Rt6Yv1Bn3Hs5Jd7Fg0Ac";
  const std::initializer_list<std::initializer_list<std::string>> commands = {
      {"tool", "--password=" + secret},
      {"tool", "--password", secret},
      {"tool", "--passwd", secret},
      {"tool", "-password", secret},
      {"tool", "--passphrase=" + secret},
      {"tool", "--token", secret},
      {"tool", "--auth-token=" + secret},
      {"tool", "--api-key", secret},
      {"tool", "--api_key=" + secret},
      {"tool", "--apikey=" + secret},
      {"tool", "--secret=" + secret},
      {"tool", "--client-secret", secret},
      {"tool", "--private-key=" + secret},
      {"tool", "--access-key", secret},
      {"tool", "--credentials=" + secret},
      {"env", "PASSWORD=" + secret, "true"},
      {"env", "DB_PASS=" + secret, "true"},
      {"env", "AWS_SECRET_ACCESS_KEY=" + secret, "true"},
      {"env", "GITHUB_TOKEN=" + secret, "true"},
      {"curl", "-H", "Authorization: Bearer " + secret, "https://example.org"},
      {"curl", "-H", "X-Api-Key: " + secret, "https://example.org"},
      {"curl", "-u", "user:" + secret, "https://example.org"},
      {"curl", "https://user:" + secret + "@example.org/path"},
      {"curl", "https://example.org/?token=" + secret + "&page=1"},
      {"curl", "--cookie", "session=" + secret},
      {"psql", "postgres://me:" + secret + "@db/base"},
      {"mysql", "-p" + secret, "base"},
      {"sshpass", "-p", secret, "ssh", "host"},
      {"tool", random},
      {"tool", "ghp_" + random},
      {"tool", "AKIAIOSFODNN7EXAMPLE" + secret},
      {"redis-cli", "-a", secret}};
  for (const auto& command : commands) {
    std::string joined;
    for (const std::string& argument : command) joined.append(argument).push_back('\0');
    const std::string line = redact_arguments(joined, 4096).text;
    EXPECT_EQ(line.find("hunter2"), std::string::npos) << line;
    EXPECT_EQ(line.find("Zx9Kq2"), std::string::npos) << line;
  }
}

// Secrets in the middle of things: a shell's line, a list, JSON, behind a program that starts another.
TEST(Redact, FindsSecretsWithinAnArgument) {
  const std::string secret = "hunter2";
  const std::initializer_list<std::initializer_list<std::string>> commands = {
      {"sh", "-c", "mysql --password hunter2 base"},
      {"sh", "-c", "cd /x && curl -su me:hunter2 https://example.org"},
      {"bash", "-c", "exec sshpass -p hunter2 ssh host"},
      {"bash", "-c", "export TOKEN=hunter2; run"},
      {"bash", "-c", "PGPASSWORD=\"my hunter2\" psql"},
      {"bash", "-c", "rsync me:hunter2@host::module ."},
      {"tool", "--password", "my words hunter2"},
      {"bash", "-c", "tool --password \"my words hunter2\""},
      {"sudo", "mysql", "-u", "me", "-phunter2"},
      {"timeout", "10", "curl", "-u", "me:hunter2", "https://example.org"},
      {"curl", "--user", "me:hunter2", "https://example.org"},
      {"kubectl", "create", "secret", "generic", "x", "--from-literal=password=hunter2"},
      {"mount", "-o", "username=me,password=hunter2", "//host/x"},
      {"curl", "--data", "{\"user\": \"me\", \"password\": \"hunter2\"}"},
      {"curl", "--data", "{\"user\":\"me\",\"password\":\"hunter2\"}"},
      {"ansible", "-e", "{\"vault_pass\": \"hunter2\"}"},
      {"docker", "run", "--env=DB_PASSWORD=hunter2", "image"},
      {"docker", "login", "-u", "me", "-p", "hunter2"},
      {"git", "-c", "http.extraheader=AUTHORIZATION: basic hunter2"},
      {"curl", "--header=PRIVATE-TOKEN: hunter2"},
      {"aws", "configure", "set", "aws_secret_access_key", "hunter2"},
      {"nmcli", "device", "wifi", "connect", "here", "password", "hunter2"},
      {"openssl", "enc", "-k", "hunter2"},
      {"openssl", "rsa", "-passin", "pass:hunter2"},
      {"zip", "-P", "hunter2", "x.zip"},
      {"7z", "x", "-phunter2", "x.7z"},
      {"curl", "https://me:p,a;hunter2@example.org/x"},
      {"curl", "https://example.org/?sig=a,hunter2&page=1"},
      {"http_proxy=http://me:hunter2@proxy:3128", "tool"},
      {"plink", "-pw", "hunter2", "host"},
      {"snmpget", "-c", "hunter2", "host"},
      {"xfreerdp", "/u:me", "/p:hunter2"}};
  for (const auto& command : commands) {
    std::string joined;
    for (const std::string& argument : command) joined.append(argument).push_back('\0');
    const std::string line = redact_arguments(joined, 4096).text;
    EXPECT_EQ(line.find(secret), std::string::npos) << line;
    for (const std::string& kept : redact_each(command))
      EXPECT_EQ(kept.find(secret), std::string::npos) << kept;
  }
}

TEST(Redact, GivesOneTextForEachArgument) {
  EXPECT_EQ(redact_each({"tool", "--password", "x y", "a b"}),
            (std::vector<std::string>{"tool", "--password", "'[removed]'", "'a b'"}));
}

}  // namespace
}  // namespace tacho
