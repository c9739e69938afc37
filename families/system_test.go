package families_test

import (
	"strings"
	"testing"

	"github.com/polluxio/pollux/families"
)

const utun = "com.apple.net.utun_control"

// systemSockaddrs is <sys/kern_control.h>:
//
//	struct sockaddr_ctl { header; u_int16_t ss_sysaddr; u_int32_t sc_id, sc_unit, sc_reserved[5]; };
var systemSockaddrs = []sockaddrTest{
	{families.Darwin, families.SystemID(5, 1), "2020 0200 05000000 01000000" + zeros(20)},
	{families.Darwin, families.SystemID(1<<32-1, 1<<32-1), "2020 0200 ffffffff ffffffff" + zeros(20)},
	{families.Darwin, families.SystemControl(utun).WithSystemID(7), "2020 0200 07000000 00000000" + zeros(20)},
}

func TestSystemSockaddr(t *testing.T) { testSockaddrs(t, systemSockaddrs) } // item 204

func TestSystemShort(t *testing.T) {
	testShort(t, "system", map[*families.System]int{families.Darwin: 12})
}

func TestSystem(t *testing.T) { // item 204
	a := families.SystemControl(utun)
	if id, unit := a.SystemID(); id != 0 || unit != 0 {
		t.Errorf("SystemID = %d, %d", id, unit)
	}
	if b := a.WithSystemID(5); b != families.SystemID(5, 0) {
		t.Errorf("with its id: %q", b)
	}
	if id, unit := families.SystemID(5, 4294967295).SystemID(); id != 5 || unit != 4294967295 {
		t.Errorf("SystemID = %d, %d", id, unit)
	}
	if b := families.Vsock(1, 2); b.WithSystemID(5) != b {
		t.Error("a vsock address takes an id")
	}
}

func TestSystemRules(t *testing.T) { // item 204
	long := strings.Repeat("n", 97)
	testRules(t, []ruleTest{
		{"a name", families.Darwin, families.SystemControl(utun), families.ErrControlUnresolved, `control name is not resolved (got "` + utun + `")`},
		{"of 96 bytes", families.Darwin, families.SystemControl(long[1:]), families.ErrControlUnresolved, `control name is not resolved (got "` + long[1:] + `")`},
		{"of 97 bytes", families.Darwin, families.SystemControl(long), families.ErrControlName, "provided string is too long (got 97 bytes)"},
		{"a NUL", families.Darwin, families.SystemControl("a\x00"), families.ErrNUL, `embedded null character (got "a\x00")`},
	})
	// An id does not make the name valid.
	if a := families.SystemControl(long); a.WithSystemID(1) != a {
		t.Errorf("with an id it is %q", a.WithSystemID(1))
	}
}

func TestSystemText(t *testing.T) {
	testTexts(t, []textTest{
		{"system:" + utun, families.SystemControl(utun), ""},
		{"system:#5,1", families.SystemID(5, 1), ""},
		{"system:", families.SystemControl(""), ""},
		// A name like an id, and a name like an address with its family.
		{"system:%235,1", families.SystemControl("#5,1"), ""},
		{"system:system%3ax", families.SystemControl("system:x"), ""},
	})
	testTextErrors(t, []textErrorTest{
		{"system:#5", families.ErrSyntax},
		{"system:#5,1,2", families.ErrSyntax},
		{"system:#x,1", families.ErrSyntax},
		{"system:" + strings.Repeat("n", 97), families.ErrControlName},
		{"system:a%00", families.ErrNUL},
	})
}
