// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Statements of SQLite, whose calls are probed in the program's or the library's own code. */
#pragma once

#include "state.h"

#define SQL_ROW 100

static __always_inline void
execution_end(struct pt_regs *ctx, __u64 statement, __u32 tid, __u32 pid)
{
	struct execution_key id = { .statement = statement, .pid = pid };
	struct execution *x = bpf_map_lookup_elem(&executions, &id);
	__u64 text = 0;
	if (!x || !x->steps)
		return;
	struct ev_sql *e = x->epoch == epoch ? EVENT(ev_sql, EV_SQL, bpf_ktime_get_ns(), tid, pid, 0) : 0;
	if (e) {
		e->start = x->start;
		e->busy = x->busy;
		e->rows = x->rows;
		e->steps = x->steps;
		e->statement = statement;
		bpf_probe_read_user(&text, sizeof(text), (void *)(statement + bpf_get_attach_cookie(ctx)));
		if (bpf_probe_read_user_str(e->text, sizeof(e->text), (void *)text) < 0)
			e->text[0] = 0;
		EVENT_SEND(e);
	}
	x->steps = 0;                  /* its place is for the next of this statement: deleting costs more */
}

SEC("uprobe")
int sql_step(struct pt_regs *ctx)
{
	pay_trap();
	keep_return(ctx);              /* between windows too, as long as the probe is there */
	if (!enabled)
		return 0;
	struct thread *t = thread_of((__u32)bpf_get_current_pid_tgid());
	if (!t || t->sql_depth++)
		return 0;
	t->sql_statement = ctx->di;
	t->sql_start = bpf_ktime_get_ns();
	return 0;
}

SEC("uretprobe")
int sql_step_return(struct pt_regs *ctx)
{
	__u64 now = bpf_ktime_get_ns(), id = bpf_get_current_pid_tgid();
	__u32 result = ctx->ax;
	pay_trap();
	if (!enabled)
		return 0;
	barrier_var(result);   /* else the compiler folds both reads into one that is refused */
	struct thread *t = thread_of((__u32)id);
	if (!t || !t->sql_depth || --t->sql_depth || !t->sql_start)
		return 0;
	struct execution_key key = { .statement = t->sql_statement, .pid = id >> 32 };
	struct execution *x = bpf_map_lookup_elem(&executions, &key);
	struct execution fresh = { .start = t->sql_start, .epoch = epoch };
	if (!x) {
		bpf_map_update_elem(&executions, &key, &fresh, BPF_ANY);
		x = bpf_map_lookup_elem(&executions, &key);
	} else if (x->epoch != epoch || !x->steps) {
		*x = fresh;
	}
	if (x) {
		x->busy += now - t->sql_start;
		x->steps++;
		x->rows += result == SQL_ROW;
	}
	t->sql_start = 0;
	if (result != SQL_ROW)
		execution_end(ctx, key.statement, (__u32)id, id >> 32);
	pay(now);
	return 0;
}

/* sqlite3_reset and sqlite3_finalize end an execution that was not stepped to its end. */
SEC("uprobe")
int sql_end(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	pay_trap();
	if (enabled)
		execution_end(ctx, ctx->di, (__u32)id, id >> 32);
	return 0;
}
