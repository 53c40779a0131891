namespace FopWatch.Testing;

/// <summary>
/// Captured payloads of the real providers: not a part of the project, but tests read them where they are. They are in
/// <c>FOPWATCH_PAYLOADS</c>, or in <c>shared/payloads</c> beside some folder above.
/// </summary>
internal static class SharedPayloads
{
    /// <summary>Reads one; skips the test where it is not to be had.</summary>
    public static byte[] Read(string name)
    {
        var folder = Environment.GetEnvironmentVariable("FOPWATCH_PAYLOADS");
        for (var at = AppContext.BaseDirectory; folder is null && at is not null; at = Path.GetDirectoryName(at))
        {
            var candidate = Path.Combine(at, "shared", "payloads");
            if (Directory.Exists(candidate))
                folder = candidate;
        }

        var file = Path.Combine(folder ?? "", name);
        Assert.SkipUnless(folder is not null && File.Exists(file), "The shared payloads are not here.");
        return File.ReadAllBytes(file);
    }
}
