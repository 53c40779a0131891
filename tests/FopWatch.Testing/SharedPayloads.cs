namespace FopWatch.Testing;

/// <summary>
/// Captured payloads of the real providers: not a part of the project, but tests read them where they are. They are in
/// <c>FOPWATCH_PAYLOADS</c>, or in <c>shared/payloads</c> beside some folder above.
/// </summary>
public static class SharedPayloads
{
    /// <summary>The names of all of them; skips the test where they are not to be had.</summary>
    public static IReadOnlyList<string> Names()
    {
        var folder = Folder();
        Assert.SkipUnless(folder is not null && Directory.Exists(folder), "The shared payloads are not here.");
        return [.. Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];
    }

    /// <summary>Reads one; skips the test where it is not to be had.</summary>
    public static byte[] Read(string name)
    {
        var file = Path.Combine(Folder() ?? "", name);
        Assert.SkipUnless(File.Exists(file), "The shared payloads are not here.");
        return File.ReadAllBytes(file);
    }

    private static string? Folder()
    {
        var folder = Environment.GetEnvironmentVariable("FOPWATCH_PAYLOADS");
        for (var at = AppContext.BaseDirectory; folder is null && at is not null; at = Path.GetDirectoryName(at))
        {
            var candidate = Path.Combine(at, "shared", "payloads");
            if (Directory.Exists(candidate))
                folder = candidate;
        }

        return folder;
    }
}
