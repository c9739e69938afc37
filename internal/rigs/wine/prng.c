/* ProcessPrng of bcryptprimitives.dll, which Go wants and Wine 8.0 does not have. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID, ULONG); /* RtlGenRandom of advapi32.dll */

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE p, SIZE_T n)
{
    while (n) {
        ULONG part = n > 1 << 20 ? 1 << 20 : (ULONG)n;
        if (!SystemFunction036(p, part)) return FALSE;
        p += part;
        n -= part;
    }
    return TRUE;
}

BOOL WINAPI DllMain(HINSTANCE h, DWORD why, LPVOID r) { return TRUE; }
