using FsCheck;

namespace FopWatch.Core.Tests;

/// <summary>The number of cases per property.</summary>
internal static class PropertyConfig
{
#if MUTATION
    // Each property is checked once for every mutant that it reaches.
    private const int Share = 10;
#else
    private const int Share = 1;
#endif

    public static Config Of(int count) => Config.QuickThrowOnFailure.WithMaxTest(count / Share);
}
