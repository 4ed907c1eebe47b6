/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The few kernel structures that the collector reads, with only the fields it reads. The loader
 * finds where each field is in the running kernel (CO-RE), so order and size here mean nothing. */
#pragma once

#include <linux/bpf.h>
#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip,
	    cs, flags, sp, ss;
};

struct inode { unsigned short i_mode; };
struct qstr { const unsigned char *name; };
struct dentry { struct qstr d_name; };
struct path { struct dentry *dentry; };
struct file { void *private_data; struct inode *f_inode; struct path f_path; };
struct fdtable { unsigned int max_fds; struct file **fd; };
struct files_struct { struct fdtable *fdt; };
struct task_struct { unsigned int __state; int pid, tgid; struct files_struct *files; };

struct in6_addr { __u8 bytes[16]; };
struct sock_common {
	__be32 skc_daddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	struct in6_addr skc_v6_daddr;
};
struct sock { struct sock_common __sk_common; __u16 sk_type; };
struct socket { struct sock *sk; };
struct sockaddr_un { unsigned short sun_family; char sun_path[108]; };
struct unix_address { int len; struct sockaddr_un name[]; };
struct unix_sock { struct sock sk; struct unix_address *addr; struct sock *peer; };
struct sk_buff { unsigned int len; unsigned char *data; };

#pragma clang attribute pop
