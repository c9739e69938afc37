// An echo server on epoll, edge-triggered, in one thread: what a careful programmer gets from the
// kernel with nothing in between. It prints "listening on ADDRESS" and ends when its stdin does.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

// What a connection's socket would not take; made only when that happens.
struct backlog {
	size_t off, len;
	char data[];
};

static int ep;
static char buf[64 << 10];
static struct backlog **backlogs; // by descriptor
static int backlogs_len;

static void fail(const char *what) {
	perror(what);
	exit(1);
}

static void watch(int fd, unsigned events) {
	struct epoll_event ev = {.events = events, .data.fd = fd};
	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) < 0)
		fail("epoll_ctl");
}

static void end(int fd) {
	free(backlogs[fd]);
	backlogs[fd] = NULL;
	close(fd);
}

static void accept_all(int l) {
	for (;;) {
		int fd = accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			if (errno == EINTR || errno == ECONNABORTED)
				continue;
			if (errno == EAGAIN)
				return;
			fail("accept4");
		}
		if (fd >= backlogs_len) {
			int n = fd * 2 + 64;
			backlogs = realloc(backlogs, n * sizeof *backlogs);
			if (!backlogs)
				fail("realloc");
			memset(backlogs + backlogs_len, 0, (n - backlogs_len) * sizeof *backlogs);
			backlogs_len = n;
		}
		int one = 1;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
	}
}

// flush sends the backlog. It returns 1 when nothing is left, 0 to wait, -1 on error.
static int flush(int fd) {
	struct backlog *b = backlogs[fd];
	if (!b)
		return 1;
	while (b->off < b->len) {
		ssize_t n = send(fd, b->data + b->off, b->len - b->off, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		b->off += n;
	}
	free(b);
	backlogs[fd] = NULL;
	return 1;
}

static void keep(int fd, const char *p, size_t n) {
	struct backlog *b = malloc(sizeof *b + n);
	if (!b)
		fail("malloc");
	b->off = 0;
	b->len = n;
	memcpy(b->data, p, n);
	backlogs[fd] = b;
}

static void echo(int fd, unsigned events) {
	if (events == EPOLLOUT && !backlogs[fd])
		return; // the first event of a connection: it can be written to
	for (;;) {
		int flushed = flush(fd);
		if (flushed < 0)
			return end(fd);
		if (flushed == 0)
			return; // EPOLLOUT will come, and brings us back to what is to be read
		ssize_t n = recv(fd, buf, sizeof buf, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			return end(fd);
		if (n < 0)
			return;
		ssize_t sent = send(fd, buf, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0) {
			if (errno != EAGAIN)
				return end(fd);
			sent = 0;
		}
		if (sent < n) {
			keep(fd, buf + sent, n - sent);
			continue;
		}
		// A short read has emptied the socket, and the next byte brings a new edge; but the end
		// of the stream may have come with this one.
		if (n < (ssize_t)sizeof buf && !(events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
			return;
	}
}

int main(void) {
	struct rlimit lim;
	if (getrlimit(RLIMIT_NOFILE, &lim) == 0) {
		lim.rlim_cur = lim.rlim_max;
		setrlimit(RLIMIT_NOFILE, &lim);
	}
	int l = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof addr;
	if (l < 0 || bind(l, (struct sockaddr *)&addr, len) < 0 || listen(l, 4096) < 0 ||
	    getsockname(l, (struct sockaddr *)&addr, &len) < 0)
		fail("listen");
	ep = epoll_create1(EPOLL_CLOEXEC);
	if (ep < 0)
		fail("epoll_create1");
	watch(l, EPOLLIN | EPOLLET);
	// EPERM: stdin is a file or /dev/null, which cannot be waited for. Then only a signal ends us.
	struct epoll_event in = {.events = EPOLLIN, .data.fd = 0};
	if (epoll_ctl(ep, EPOLL_CTL_ADD, 0, &in) < 0 && errno != EPERM)
		fail("epoll_ctl");
	printf("listening on %s:%d\n", inet_ntoa(addr.sin_addr), ntohs(addr.sin_port));
	fflush(stdout);

	static struct epoll_event events[256];
	for (;;) {
		int n = epoll_wait(ep, events, sizeof events / sizeof *events, -1);
		if (n < 0) {
			if (errno == EINTR)
				continue;
			fail("epoll_wait");
		}
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;
			if (fd == l) {
				accept_all(l);
			} else if (fd == 0) {
				if (read(0, buf, sizeof buf) <= 0)
					return 0;
			} else {
				echo(fd, events[i].events);
			}
		}
	}
}
