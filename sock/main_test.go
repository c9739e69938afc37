package sock_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/polluxio/pollux/sock/socktest"
)

func TestMain(m *testing.M) {
	if _, err := os.Stat("doc.go"); err != nil {
		const examples = "^ExampleSocket_(Sendfile|Watch)$" // an example cannot skip itself
		fmt.Fprintf(os.Stderr, "left out: %s: run these in the source tree: %v\n", examples, err)
		os.Args = append(os.Args, "-test.skip="+examples)
	}
	socktest.Main(m)
}
