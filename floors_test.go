package pollux_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// An import goes down, never up or sideways: docs/design.md, section 1. The test reads every Go
// file, for every system.

const module = "github.com/polluxio/pollux"

const (
	xsys = "golang.org/x/sys"
	zap  = "go.uber.org/zap"
	gnet = "github.com/panjf2000/gnet/v2"
)

// A floor lists what the packages of a folder may import besides the standard library. The packages
// of a tree may also import each other. In own and tests, "." is the root, and "x/..." is x and
// everything below it.
type floor struct {
	own     []string // of this module
	foreign []string // modules of others; "..." is any but zap and gnet, which one floor has each
	tests   []string // what its tests may import in addition, of both
}

var below1 = []string{".", "timeouts"}
var below2 = []string{".", "families", "timeouts", "loop", "sock"}
var families = []string{"sock/alg", "sock/bluetooth", "sock/bpf", "sock/can", "sock/netlink", "sock/packet", "sock/qrtr", "sock/rds", "sock/tipc"}
var below3 = slices.Concat([]string{"sock/netconn", "sock/protocol/...", "sock/tlsconn", "internal/..."}, families, below2)

var family = floor{own: append([]string{"sock/internal/..."}, below2...), foreign: []string{xsys}, tests: []string{"sock/socktest"}}

// The longest prefix of a folder in this table gives its floor. A folder without a floor fails the
// test: add it here.
var floors = map[string]floor{
	".":        {foreign: []string{xsys}, tests: []string{"internal/bare", "internal/pollers", "internal/pollertest"}},
	"families": {},
	"timeouts": {},

	"loop": {own: below1, foreign: []string{xsys, zap}, tests: []string{"internal/bare", "internal/pollers", "internal/pollertest"}},

	// The resolver has the rules of names, and knows neither sockets nor loops.
	"internal/names": {own: []string{"families"}, foreign: []string{xsys}, tests: []string{"internal/bare"}},

	"sock": {own: []string{".", "families", "timeouts", "loop", "internal/names"}, foreign: []string{xsys},
		tests: []string{"sock/socktest", "sock/can", "sock/netlink", "internal/bare", "internal/genconst/catalog", "internal/pollers", "internal/systems", "golang.org/x/net"}},
	"sock/socktest": {own: append([]string{"internal/bare", "internal/pollers", "internal/systems"}, below2...), foreign: []string{xsys}},

	// The families use sock, and never each other. Their common part, the calls that only Linux
	// has, is below them.
	"sock/internal/...": {own: below2, foreign: []string{xsys}, tests: []string{"sock/socktest"}},
	"sock/alg":          family,
	"sock/bluetooth":    family,
	"sock/bpf":          family,
	"sock/can":          family,
	"sock/netlink":      family,
	"sock/packet":       family,
	"sock/qrtr":         family,
	"sock/rds":          family,
	"sock/tipc":         family,

	"sock/netconn":  {own: below2, foreign: []string{xsys}, tests: []string{"sock/socktest", "golang.org/x/net"}},
	"sock/tlsconn":  {own: append([]string{"internal/tlsrecord"}, below2...), foreign: []string{xsys}, tests: []string{"sock/socktest", "internal/selfsigned"}},
	"sock/protocol": {own: below2, foreign: []string{xsys}, tests: []string{"sock/socktest", "sock/tlsconn", "golang.org/x/net"}},

	// Wire formats as bytes: any user of a connection may have them.
	"sock/protocol/http1": {},
	"sock/protocol/resp":  {},

	"metrics/...": {own: below3, foreign: []string{"..."}, tests: []string{"sock/socktest"}},
	// The suite that every poller passes.
	"internal/pollertest": {own: []string{".", "internal/bare", "internal/pollers"}, foreign: []string{xsys}},
	"internal/bare":       {foreign: []string{xsys}}, // below all others: their tests use it
	"internal/...":        {own: slices.Concat(families, below2), foreign: []string{xsys}, tests: []string{"sock/socktest"}},
	"internal/rigs/families": {own: slices.Concat(families, below2), foreign: []string{xsys},
		tests: []string{"sock/socktest", "sock/netconn", "sock/protocol", "internal/rigs/rtnl", "internal/rigs/vhci"}},
	// This is a module of its own, so users of pollux do not depend on its libraries.
	"internal/interop/...":   {own: append([]string{"sock/netconn"}, below2...), foreign: []string{"..."}, tests: []string{"sock/socktest"}},
	"internal/interop/peers": {own: []string{"sock/netconn"}, foreign: []string{gnet, "..."}}, // bench starts it
	"examples/...":           {own: below3, foreign: []string{"..."}, tests: []string{"sock/socktest"}},
	"bench/...":              {own: append([]string{"examples/redis/store"}, below3...), foreign: []string{gnet, "..."}, tests: []string{"sock/socktest"}},
}

// floorOf returns the floor of a folder and the tree that it covers, or "" if it covers one
// package.
func floorOf(folder string) (f floor, tree string, ok bool) {
	if f, ok := floors[folder]; ok {
		return f, "", true
	}
	for at := folder; at != "."; at = path.Dir(at) {
		if f, ok := floors[at+"/..."]; ok {
			return f, at, true
		}
	}
	return floor{}, "", false
}

// covers reports whether one of patterns names the package or module of imp.
func covers(patterns []string, imp string) bool {
	for _, p := range patterns {
		tree := strings.TrimSuffix(p, "/...")
		if p == imp || tree != p && (imp == tree || strings.HasPrefix(imp, tree+"/")) {
			return true
		}
	}
	return false
}

// refuse returns the reason why a file must not import imp, or "".
func refuse(folder, file, pkg, imp string) string {
	f, tree, ok := floorOf(folder)
	if !ok {
		return "the folder has no floor yet: add it to floors_test.go"
	}
	test := strings.HasSuffix(file, "_test.go")
	own := f.own
	foreign := f.foreign
	if test {
		own = append(slices.Clone(own), f.tests...)
		foreign = append(slices.Clone(foreign), f.tests...)
	}

	if imp == module || strings.HasPrefix(imp, module+"/") {
		imp = strings.TrimPrefix(strings.TrimPrefix(imp, module), "/")
		if imp == "" {
			imp = "."
		}
		switch {
		case test && strings.HasSuffix(pkg, "_test") && (imp == folder || folder == "."):
			return "" // the example of the whole stands at the root
		case tree != "" && (imp == tree || strings.HasPrefix(imp, tree+"/")), covers(own, imp):
			return ""
		}
		return fmt.Sprintf("%s is not below %s", imp, folder)
	}
	if folder == "loop" && covers([]string{zap + "/..."}, imp) && file != "log.go" && file != "log_test.go" {
		return fmt.Sprintf("only loop/log.go has %s, behind log/slog", imp)
	}

	if !strings.Contains(strings.Split(imp, "/")[0], ".") {
		return "" // the standard library
	}
	reserved := covers([]string{zap + "/...", gnet + "/..."}, imp)
	for _, m := range foreign {
		if covers([]string{m + "/..."}, imp) || m == "..." && !reserved {
			return ""
		}
	}
	return fmt.Sprintf("%s is not for %s", imp, folder)
}

// violations lists the forbidden imports of a tree.
func violations(tree fs.FS) (found []string, files int, err error) {
	err = fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := d.Name(); base != "." && (base[0] == '.' || base[0] == '_' || base == "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		src, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ImportsOnly)
		if err != nil {
			return err
		}
		files++
		for _, spec := range f.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if why := refuse(path.Dir(name), path.Base(name), f.Name.Name, imp); why != "" {
				found = append(found, name+": "+why)
			}
		}
		return nil
	})
	return found, files, err
}

func TestFloors(t *testing.T) {
	if _, err := os.Stat("go.mod"); err != nil {
		t.Skipf("%v: run this test where the sources are", err)
	}
	found, files, err := violations(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		t.Error(v)
	}
	if files < 50 {
		t.Errorf("only %d files were read", files)
	}
}

// This test shows that the test above can fail.
func TestFloorsNoticesViolations(t *testing.T) {
	for _, tt := range []struct {
		name, file, pkg, imp string
		ok                   bool
	}{
		{"root needs the system", "poller_linux.go", "pollux", xsys + "/unix", true},
		{"root logs", "poller.go", "pollux", zap, false},
		{"root climbs", "poller.go", "pollux", module + "/loop", false},
		{"root climbs on one system", "poller_plan9.go", "pollux", module + "/sock", false},
		{"test inside the root climbs", "poller_test.go", "pollux", module + "/loop", false},
		{"example of the whole", "example_test.go", "pollux_test", module + "/sock", true},
		{"example imports another module", "example_test.go", "pollux_test", zap, false},

		{"families sideways", "families/inet.go", "families", module + "/timeouts", false},
		{"families down", "families/inet.go", "families", module, false},
		{"families and the system", "families/inet.go", "families", xsys + "/unix", false},
		{"timeouts and the standard library", "timeouts/wheel.go", "timeouts", "math/bits", true},
		{"timeouts climbs in a test", "timeouts/wheel_test.go", "timeouts_test", module + "/loop", false},
		{"own external test", "timeouts/wheel_test.go", "timeouts_test", module + "/timeouts", true},

		{"loop logs", "loop/log.go", "loop", zap + "/zapcore", true},
		{"loop logs elsewhere", "loop/loop.go", "loop", zap, false},
		{"test of loop logs elsewhere", "loop/script_test.go", "loop", zap + "/zaptest/observer", false},
		{"loop down", "loop/loop.go", "loop", module + "/timeouts", true},
		{"loop knows no addresses", "loop/fd.go", "loop", module + "/families", false},
		{"loop uses a poller for tests", "loop/fd.go", "loop", module + "/internal/pollers", false},
		{"test of loop uses one", "loop/fd_test.go", "loop", module + "/internal/pollers", true},
		{"loop climbs", "loop/fd.go", "loop", module + "/sock", false},
		{"loop and its peer", "loop/fd.go", "loop", gnet, false},

		{"sock down", "sock/socket.go", "sock", module + "/families", true},
		{"sock logs", "sock/socket.go", "sock", zap, false},
		{"sock climbs", "sock/socket.go", "sock", module + "/sock/netconn", false},
		{"sock uses its test kit", "sock/socket.go", "sock", module + "/sock/socktest", false},
		{"test of sock uses its test kit", "sock/socket_test.go", "sock_test", module + "/sock/socktest", true},
		{"sock uses a command", "sock/const.go", "sock", module + "/internal/genconst/catalog", false},
		{"test of sock reads the catalog", "sock/const_test.go", "sock", module + "/internal/genconst/catalog", true},

		{"sock and the resolver", "sock/getaddrinfo.go", "sock", module + "/internal/names", true},
		{"the resolver and addresses", "internal/names/numeric.go", "names", module + "/families", true},
		{"the resolver climbs", "internal/names/getaddrinfo.go", "names", module + "/sock", false},
		{"the resolver and loops", "internal/names/resolver.go", "names", module + "/loop", false},
		{"netconn and the resolver", "sock/netconn/lookup.go", "netconn", module + "/internal/names", false},

		{"netconn down", "sock/netconn/conn.go", "netconn", module + "/sock", true},
		{"netconn sideways", "sock/netconn/conn.go", "netconn", module + "/sock/protocol", false},
		{"protocol sideways", "sock/protocol/server.go", "protocol", module + "/sock/netconn", false},
		{"nettest in a test", "sock/netconn/conn_test.go", "netconn_test", "golang.org/x/net/nettest", true},
		{"nettest elsewhere", "sock/netconn/conn.go", "netconn", "golang.org/x/net/nettest", false},

		{"family down", "sock/can/frame.go", "can", module + "/sock", true},
		{"family and the system", "sock/rds/info_linux.go", "rds", xsys + "/unix", true},
		{"family and what all share", "sock/can/filter.go", "can", module + "/sock/internal/linux", true},
		{"family sideways", "sock/packet/ring.go", "packet", module + "/sock/bpf", false},
		{"family sideways in a test", "sock/packet/ring_test.go", "packet_test", module + "/sock/bpf", false},
		{"sock climbs to a family", "sock/send.go", "sock", module + "/sock/can", false},
		{"sock climbs to what families share", "sock/opt_numbers.go", "sock", module + "/sock/internal/linux", false},
		{"test kit and a family", "sock/socktest/bus_linux.go", "socktest", module + "/sock/can", false},
		{"example and a family", "examples/can/main_linux.go", "main", module + "/sock/can", true},

		{"interop and a library", "internal/interop/dns_test.go", "interop", "github.com/miekg/dns", true},
		{"interop and netconn", "internal/interop/http_test.go", "interop", module + "/sock/netconn", true},
		{"interop climbs", "internal/interop/http_test.go", "interop", module + "/bench", false},
		{"command down", "internal/echo/echo.go", "echo", module + "/sock", true},
		{"command in its own tree", "internal/genconst/main.go", "main", module + "/internal/genconst/catalog", true},
		{"command climbs", "internal/echo/echo.go", "echo", module + "/bench", false},
		{"example program", "examples/echo/main.go", "main", module + "/internal/echo", true},
		{"example imports bench", "examples/echo/main.go", "main", module + "/bench", false},
		{"metrics and its library", "metrics/prometheus/collector.go", "prometheus", "github.com/prometheus/client_golang/prometheus", true},
		{"metrics logs", "metrics/prometheus/collector.go", "prometheus", zap, false},
		{"protocol and metrics", "sock/protocol/stats.go", "protocol", module + "/metrics/prometheus", false},
		{"bench and the peer", "bench/gnet.go", "main", gnet + "/pkg/pool/goroutine", true},
		{"bench and a library", "bench/stats.go", "main", "github.com/HdrHistogram/hdrhistogram-go", true},
		{"command and a library", "internal/echo/echo.go", "echo", "github.com/HdrHistogram/hdrhistogram-go", false},
		{"bench logs", "bench/main.go", "main", zap, false},
		{"example and the peer", "examples/echo/main.go", "main", gnet, false},

		{"new folder", "surprise/x.go", "surprise", "fmt", false},
		{"neighbour by name", "loop/x.go", "loop", module + "ux/timeouts", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			src := fmt.Sprintf("//go:build never\n\npackage %s\n\nimport _ %q\n", tt.pkg, tt.imp)
			found, files, err := violations(fstest.MapFS{tt.file: {Data: []byte(src)}})
			if err != nil || files != 1 {
				t.Fatalf("read %d files, %v", files, err)
			}
			if ok := len(found) == 0; ok != tt.ok {
				t.Errorf("%s imports %s: allowed %v, want %v %q", tt.file, tt.imp, ok, tt.ok, found)
			}
		})
	}
}
