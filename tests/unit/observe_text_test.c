/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "check.h"
#include "base/proc_text.h"

static void
stat_survives_any_name(void **state)
{
	static const char tail[] = "1 10 10 0 -1 4194560 5 6 7 8 11 12 13 14 20 0 3 0 9999 1000000 42 18446";
	static const struct { const char *open, *name; } rows[] = {
		{ "77 (node) S ", "node" },
		{ "77 (a b) R ", "a b" },
		{ "77 (evil) R 1 1) Z ", "evil) R 1 1" },
		{ "77 (()) S ", "()" },
		{ "77 () S ", "" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[512];
		struct proc_stat s;
		snprintf(text, sizeof(text), "%s%s", rows[i].open, tail);
		assert_true(proc_parse_stat(text, &s));
		assert_string_equal(s.name, rows[i].name);
		assert_int_equal(s.pid, 77);
		assert_int_equal(s.parent, 1);
		assert_int_equal(s.minor_faults, 5);
		assert_int_equal(s.child_minor_faults, 6);
		assert_int_equal(s.major_faults, 7);
		assert_int_equal(s.user_ticks, 11);
		assert_int_equal(s.child_system_ticks, 14);
		assert_int_equal(s.threads, 3);
		assert_int_equal(s.start_ticks, 9999);
		assert_int_equal(s.rss_pages, 42);
	}
}

static void
cut_stat_is_refused(void **state)
{
	static const char text[] =
	    "77 (node) S 1 10 10 0 -1 4194560 5 6 7 8 11 12 13 14 20 0 3 0 9999 1000000 42";
	struct proc_stat s = { .pid = -1 };

	for (size_t cut = 0; cut < sizeof(text) - 3; cut++) {
		char part[sizeof(text)];
		memcpy(part, text, cut);
		part[cut] = '\0';
		assert_false(proc_parse_stat(part, &s));
	}
	assert_int_equal(s.pid, -1);
}

static void
tcp_lines(void **state)
{
	static const uint8_t v4[16] = { [10] = 0xff, 0xff, 127, 0, 0, 1 }, v6[16] = { [15] = 1 };
	struct proc_tcp t;

	assert_true(proc_parse_tcp("   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 "
	    "00000000     0        0 24601 1 000000007e48a939 100 0 0 10 0", &t));
	assert_memory_equal(t.local.ip, v4, 16);
	assert_int_equal(t.local.port, 8080);
	assert_int_equal(t.state, TCP_STATE_LISTEN);
	assert_int_equal(t.inode, 24601);
	assert_true(proc_parse_tcp("  12: 00000000000000000000000001000000:0050 "
	    "00000000000000000000000001000000:C350 01 00000000:00000000 00:00000000 00000000 0 0 7 1", &t));
	assert_memory_equal(t.local.ip, v6, 16);
	assert_int_equal(t.remote.port, 50000);
	assert_int_equal(t.state, TCP_STATE_ESTABLISHED);
	static const char *const bad[] = {
		"", "  sl  local_address rem_address   st", "0:", "0: 0100007F", "0: 0100007F:", "0: 0100007:1F90",
		"0: 0100007F:1F90 00000000:0000", "0: 0100007F:1F90 00000000:0000 0A 0 0 0 0 0 x",
	};
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(proc_parse_tcp(bad[i], &t));
}

static void
figures_of_the_host(void **state)
{
	struct proc_cpu c;
	assert_true(proc_parse_cpu("cpu  1 2 3 4 5 6 7 8 9 10", &c));
	assert_int_equal(c.cpu, -1);
	assert_int_equal(c.user, 3);
	assert_int_equal(c.system, 16);
	assert_int_equal(c.idle, 4);
	assert_int_equal(c.iowait, 5);
	assert_int_equal(c.steal, 8);
	assert_true(proc_parse_cpu("cpu12 1 2 3 4 5 6 7 8 0 0", &c));
	assert_int_equal(c.cpu, 12);
	assert_false(proc_parse_cpu("cpu0 1 2 3", &c));
	assert_false(proc_parse_cpu("intr 1 2 3 4 5 6 7 8 9", &c));

	struct proc_disk d;
	assert_true(proc_parse_disk(" 254  0 vda 100 2 3 40 500 6 7 80 0 900 11239 1 2 3 4 5 6", &d));
	assert_string_equal(d.name, "vda");
	assert_int_equal(d.operations, 600);
	assert_int_equal(d.waited_ms, 120);
	assert_int_equal(d.busy_ms, 900);
	assert_false(proc_parse_disk("254 0 vda 100 2 3", &d));

	struct proc_interface n;
	assert_true(proc_parse_interface("  eth0: 1234 1 0 0 0 0 0 0 5678 2 0 0 0 0 0 0", &n));
	assert_string_equal(n.name, "eth0");
	assert_int_equal(n.received_bytes, 1234);
	assert_int_equal(n.sent_bytes, 5678);
	assert_false(proc_parse_interface(" face |bytes    packets", &n));
	assert_false(proc_parse_interface(": 1 2 3 4 5 6 7 8 9", &n));

	uint64_t us, ran, waited;
	assert_true(proc_parse_pressure("some avg10=0.00 avg60=0.50 avg300=0.25 total=5788870\n"
	    "full avg10=0.00 avg60=0.00 avg300=0.00 total=1\n", &us));
	assert_int_equal(us, 5788870);
	assert_false(proc_parse_pressure("some avg10=0.00\nfull total=7\n", &us));
	assert_true(proc_parse_schedstat("171939471 10295073 450\n", &ran, &waited));
	assert_int_equal(waited, 10295073);
	assert_false(proc_parse_schedstat("171939471", &ran, &waited));
}

static void
keys_and_counters(void **state)
{
	static const char text[] = "Name:\tx\nVmSwap:\t     12 kB\nvoluntary_ctxt_switches:\t9\n"
	    "nonvoluntary_ctxt_switches:\t4\n";
	static const char netstat[] = "TcpExt: SyncookiesSent ListenOverflows ListenDrops\n"
	    "TcpExt: 1 22 333\nIpExt: A B\nIpExt: 4 5\n";
	uint64_t v;
	int64_t limit;

	assert_true(text_number(text, "VmSwap", &v) && v == 12);
	assert_true(text_number(text, "nonvoluntary_ctxt_switches", &v) && v == 4);
	assert_true(text_number(text, "voluntary_ctxt_switches", &v) && v == 9);
	assert_false(text_number(text, "Vm", &v));
	assert_false(text_number(text, "Name", &v));
	assert_true(text_number("nr_throttled 5", "nr_throttled", &v) && v == 5);

	assert_true(proc_counter(netstat, "TcpExt", "ListenDrops", &v) && v == 333);
	assert_true(proc_counter(netstat, "IpExt", "B", &v) && v == 5);
	assert_false(proc_counter(netstat, "IpExt", "ListenDrops", &v));
	assert_false(proc_counter("TcpExt: A B", "TcpExt", "A", &v));
	assert_false(proc_counter("TcpExt: A B\nTcpExt: 1\n", "TcpExt", "B", &v));

	assert_true(proc_parse_fd_limit("Max open files            1024                 4096   files", &limit));
	assert_int_equal(limit, 1024);
	assert_true(proc_parse_fd_limit("Max open files            unlimited   unlimited", &limit));
	assert_true(limit == INT64_MAX);
	assert_false(proc_parse_fd_limit("Max open files            ", &limit));
}

static void
cgroup_lines(void **state)
{
	static const char hybrid[] = "9:name=systemd:/system.slice/shop.service\n2:cpu,cpuacct:/quota\n"
	    "0::/user.slice\n";
	char path[64], id[65];
	struct cgroup_mount m;
	double cores;

	assert_true(cgroup_parse_path(hybrid, "cpu", path, sizeof(path)));
	assert_string_equal(path, "/quota");
	assert_true(cgroup_parse_path(hybrid, "", path, sizeof(path)));
	assert_string_equal(path, "/user.slice");
	assert_true(cgroup_parse_path(hybrid, "name=systemd", path, sizeof(path)));
	assert_false(cgroup_parse_path(hybrid, "memory", path, sizeof(path)));
	assert_false(cgroup_parse_path("2:cpu", "cpu", path, sizeof(path)));

	assert_true(cgroup_parse_mount("41 31 0:38 / /sys/fs/my\\040cgroup rw,relatime shared:9 - cgroup2 "
	    "cgroup2 rw", &m));
	assert_true(m.v2);
	assert_string_equal(m.point, "/sys/fs/my cgroup");
	assert_true(cgroup_parse_mount("32 31 0:29 /docker/x /sys/fs/cgroup/cpu ro - cgroup cgroup "
	    "rw,cpu,cpuacct", &m));
	assert_false(m.v2);
	assert_string_equal(m.root, "/docker/x");
	assert_true(list_has(m.options, "cpuacct") && !list_has(m.options, "cpua"));
	assert_false(cgroup_parse_mount("31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw", &m));
	assert_false(cgroup_parse_mount("31 23 0:28 / /sys", &m));

	assert_true(cgroup_parse_cpu_max("150000 100000\n", &cores));
	CHECK_NEAR(cores, 1.5, 1e-9);
	assert_false(cgroup_parse_cpu_max("max 100000\n", &cores));
	assert_false(cgroup_parse_cpu_max("1 0\n", &cores));

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	static const char *const inside[] = {
		"1:cpu:/docker/" ID "\n", "0::/system.slice/docker-" ID ".scope\n",
		"0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-" ID ".scope", "0::/libpod-" ID ".scope/c",
	};
	for (size_t i = 0; i < COUNT_OF(inside); i++) {
		assert_true(cgroup_parse_container(inside[i], id));
		assert_string_equal(id, ID);
	}
	assert_true(cgroup_parse_container("0::/lxc.payload.web/x\n", id));
	assert_string_equal(id, "web");
	assert_false(cgroup_parse_container("4:memory:/api/4f1d99cc45a1a04bc7c6eca67ed5950c\n", id));
	assert_false(cgroup_parse_container("0::/" ID "00\n", id));
	assert_false(cgroup_parse_container("", id));
}

static void
io_limits(void **state)
{
	struct io_limits l = { 0 };
	io_limits_add("254:0 1048576\n8:0 2097152\n", false, &l);
	CHECK_NEAR(l.bytes_per_s, 1048576, 0);
	io_limits_add("8:0 100\n", true, &l);
	CHECK_NEAR(l.operations_per_s, 100, 0);
	l = (struct io_limits){ 0 };
	io_limits_add("8:16 rbps=2097152 wbps=max riops=max wiops=120\n", false, &l);
	CHECK_NEAR(l.bytes_per_s, 2097152, 0);
	CHECK_NEAR(l.operations_per_s, 120, 0);
	io_limits_add("nonsense\n8:\n8:0\n", false, &l);
	CHECK_NEAR(l.bytes_per_s, 2097152, 0);
}

static void
calls_of_sleepers(void **state)
{
	struct proc_call c;

	assert_true(proc_parse_call("202 0x7f10 0x80 0x2 0x0 0x0 0xffff 0x7ffd10 0x7f33\n", &c));
	assert_int_equal(c.nr, 202);
	assert_int_equal(c.arg[0], 0x7f10);
	assert_int_equal(c.arg[2], 2);
	assert_int_equal(c.sp, 0x7ffd10);
	assert_int_equal(c.pc, 0x7f33);
	assert_true(proc_parse_call("-1 0x7ffd10 0x7f33\n", &c));
	assert_int_equal(c.nr, -1);
	assert_int_equal(c.sp, 0x7ffd10);
	static const char *const bad[] = {
		"", "running\n", "202\n", "202 0x1 0x2 0x3", "-1 0x1", "-1 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8", "-2 0x1 0x2",
		"202 0x1 0x2 0x3 0x4 0x5 0x6 0x7 ", "99999999999 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8",
	};
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(proc_parse_call(bad[i], &c));
}

RUN_TESTS(cmocka_unit_test(stat_survives_any_name), cmocka_unit_test(cut_stat_is_refused),
    cmocka_unit_test(tcp_lines), cmocka_unit_test(figures_of_the_host),
    cmocka_unit_test(keys_and_counters), cmocka_unit_test(cgroup_lines), cmocka_unit_test(io_limits),
    cmocka_unit_test(calls_of_sleepers))
