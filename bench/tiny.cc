// SPDX-License-Identifier: Apache-2.0
// The smallest life: what bench_spawn starts to see what a process costs beside what it does.
int main() {}
