// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* When threads of the service leave the CPU, who wakes them, and that they come and go. */
#pragma once

#include "state.h"

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	if (!enabled)
		return 0;
	__u64 now = bpf_ktime_get_ns();
	struct thread *t = thread_of(prev->pid);
	if (t) {
		t->out = now;
		t->wake = 0;
		/* On its way back to user code a thread is preempted without the argument saying so. */
		t->preempted = preempt || !prev->__state ? EV_OFF_PREEMPTED :
		    prev->__state & 2 ? EV_OFF_UNINTERRUPTED : 0;
	}
	bool left = t;
	t = thread_of(next->pid);
	if (!t) {
		if (left)
			pay(now);
		return 0;
	}
	if (!(t->preempted & EV_OFF_PREEMPTED) && t->out) {
		if (!t->first_block)
			t->first_block = t->out;
		t->blocked += now - t->out;
	}
	struct ev_off *e = EVENT(ev_off, EV_OFF, now, next->pid, t->pid, call_in_flight(next));
	if (e) {
		struct pt_regs *regs = (void *)bpf_task_pt_regs(next);
		e->out = t->out;
		e->wake = t->wake;
		e->key = regs->di;
		e->waker = t->wake ? t->waker : 0;
		e->waker_nr = t->waker_nr;
		e->flags = t->preempted | (t->sql_start ? EV_OFF_IN_SQL : 0);
		EVENT_SEND(e);
	}
	t->out = 0;
	pay(now);
	return 0;
}

SEC("tp_btf/sched_waking")
int BPF_PROG(on_waking, struct task_struct *task)
{
	if (!enabled)
		return 0;
	struct thread *t = thread_of(task->pid);
	if (!t || t->wake)
		return 0;
	struct task_struct *waker = bpf_get_current_task_btf();
	t->wake = bpf_ktime_get_ns();
	t->waker = waker->pid;
	t->waker_nr = call_in_flight(waker);
	struct thread *w = t->waker_nr == __NR_futex && t->out ? thread_of(waker->pid) : 0;
	if (w)
		w->woke_waited += t->wake - t->out;
	pay(t->wake);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	__u32 pid = parent->tgid, tid = child->pid, child_pid = child->tgid;
	__u8 one = 1;
	struct thread t = { .pid = child_pid, .epoch = epoch };
	if (!bpf_map_lookup_elem(&processes, &pid))
		return 0;
	if (child_pid != pid)
		bpf_map_update_elem(&processes, &child_pid, &one, BPF_ANY);
	bpf_map_update_elem(&threads, &tid, &t, BPF_ANY);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	__u32 tid = task->pid;
	struct ev_head *e;
	if (!bpf_map_delete_elem(&threads, &tid) && enabled &&
	    (e = EVENT(ev_head, EV_EXIT, bpf_ktime_get_ns(), tid, task->tgid, EV_NO_SYSCALL)))
		EVENT_SEND(e);
	if (task->pid == task->tgid)
		bpf_map_delete_elem(&processes, &tid);
	return 0;
}
