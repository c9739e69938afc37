// An echo server for datagrams: epoll, recvmmsg and sendmmsg, in one thread. It prints
// "listening on ADDRESS" and ends when its stdin does.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 64, SIZE = 2048 };

static char bufs[BATCH][SIZE];
static struct sockaddr_in names[BATCH];
static struct iovec iovs[BATCH];
static struct mmsghdr in[BATCH], out[BATCH];

static void fail(const char *what) {
	perror(what);
	exit(1);
}

// send_all sends n messages. A socket that is full is waited for: nothing is dropped.
static void send_all(int fd, int n) {
	for (int sent = 0; sent < n;) {
		int k = sendmmsg(fd, out + sent, n - sent, MSG_DONTWAIT);
		if (k >= 0) {
			sent += k;
			continue;
		}
		if (errno == EAGAIN) {
			fd_set set;
			FD_ZERO(&set);
			FD_SET(fd, &set);
			select(fd + 1, NULL, &set, NULL, NULL);
		} else if (errno != EINTR) {
			sent++; // the error of an earlier message, or of this one
		}
	}
}

static void echo(int fd) {
	for (;;) {
		for (int i = 0; i < BATCH; i++) {
			iovs[i].iov_base = bufs[i];
			iovs[i].iov_len = SIZE;
			in[i].msg_hdr = (struct msghdr){
			    .msg_name = &names[i], .msg_namelen = sizeof names[i], .msg_iov = &iovs[i], .msg_iovlen = 1};
		}
		int n = recvmmsg(fd, in, BATCH, MSG_DONTWAIT, NULL);
		if (n < 0) {
			if (errno == EAGAIN)
				return;
			continue; // EINTR, or the error of an earlier message
		}
		for (int i = 0; i < n; i++) {
			out[i] = in[i];
			iovs[i].iov_len = in[i].msg_len;
		}
		send_all(fd, n);
		if (n < BATCH)
			return; // the queue was empty, and the next message brings a new edge
	}
}

int main(void) {
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof addr;
	int room = 212992; // the largest that a program may have, unless net.core.rmem_max is raised
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room) < 0 ||
	    bind(fd, (struct sockaddr *)&addr, len) < 0 || getsockname(fd, (struct sockaddr *)&addr, &len) < 0)
		fail("bind");
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.fd = fd}, end = {.events = EPOLLIN, .data.fd = 0};
	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) < 0)
		fail("epoll");
	// EPERM: stdin is a file or /dev/null, which cannot be waited for. Then only a signal ends us.
	if (epoll_ctl(ep, EPOLL_CTL_ADD, 0, &end) < 0 && errno != EPERM)
		fail("epoll_ctl");
	printf("listening on %s:%d\n", inet_ntoa(addr.sin_addr), ntohs(addr.sin_port));
	fflush(stdout);
	for (;;) {
		int n = epoll_wait(ep, &ev, 1, -1);
		if (n < 0 && errno != EINTR)
			fail("epoll_wait");
		if (n <= 0)
			continue;
		char c;
		if (ev.data.fd == fd)
			echo(fd);
		else if (read(0, &c, 1) <= 0)
			return 0;
	}
}
