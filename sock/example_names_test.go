package sock_test

import (
	"context"
	"fmt"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

func ExampleGetaddrinfo() {
	infos, err := sock.Getaddrinfo(context.Background(), "127.1", "ssh", &sock.Hints{Type: sock.SOCK_STREAM})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, info := range infos {
		fmt.Println(info.Family == sock.AF_INET, info.Proto == sock.IPPROTO_TCP, info.Addr)
	}
	// Output: true true 127.0.0.1:22
}

func ExampleLookup() {
	r, err := loop.Default()
	if err != nil {
		fmt.Println(err)
		return
	}
	l := r.Next()
	l.Go(func(task *loop.Task) {
		// The look-up suspends the task. The loop continues with other work.
		name, err := sock.Lookup(l, func(ctx context.Context) (string, error) {
			return sock.Gethostbyname(ctx, "<broadcast>")
		}).Await(task)
		fmt.Println(name, err)
	}).Wait(context.Background())
	// Output: 255.255.255.255 <nil>
}

func ExampleInetAton() {
	packed, _ := sock.InetAton("0x7f.1")
	text, _ := sock.InetNtoa(packed)
	fmt.Println(packed, text)
	// Output: [127 0 0 1] 127.0.0.1
}
