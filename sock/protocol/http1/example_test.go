package http1_test

import (
	"errors"
	"fmt"

	"github.com/polluxio/pollux/sock/protocol/http1"
)

func ExampleLimits() {
	arrived := []byte("GET /one HTTP/1.1\r\nHost: a\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /th")
	for {
		r, size, err := http1.Limits{}.Parse(arrived)
		if size == 0 || size > len(arrived) {
			fmt.Printf("%q is the beginning of a request: %v\n", arrived, err)
			return
		}
		arrived = arrived[size:]
		fmt.Printf("%s %s, last: %v\n", r.Method, r.Target, r.Last)
	}
	// Output:
	// GET /one, last: false
	// GET /two, last: true
	// "GET /th" is the beginning of a request: <nil>
}

func ExampleRequest_Field() {
	r, _, err := http1.Limits{}.Parse([]byte("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"))
	host, ok := r.Field("Host")
	fmt.Printf("%s %v %v\n", host, ok, err)
	// Output: example.com true <nil>
}

func ExampleStatusError() {
	_, _, err := http1.Limits{}.Parse([]byte("nonsense\r\n"))
	var e *http1.StatusError
	if errors.As(err, &e) {
		fmt.Printf("HTTP/1.1 %s\n%v\n", e.Status(), e)
	}
	// Output:
	// HTTP/1.1 400 Bad Request
	// http1: 400 Bad Request: the request line "nonsense" must have a method, a target and HTTP/1.1
}
