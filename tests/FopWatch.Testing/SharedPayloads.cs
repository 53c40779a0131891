namespace FopWatch.Testing;

/// <summary>
/// Captured payloads of the real providers. They are not part of the repository: they are in
/// <c>FOPWATCH_PAYLOADS</c>, or in <c>shared/payloads</c> next to a parent folder.
/// </summary>
public static class SharedPayloads
{
    /// <summary>The names of all payloads. Skips the test if there are none.</summary>
    public static IReadOnlyList<string> Names()
    {
        var folder = Folder();
        Assert.SkipUnless(folder is not null && Directory.Exists(folder), "There are no shared payloads: FOPWATCH_PAYLOADS names no folder.");
        return [.. Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];
    }

    /// <summary>Reads a payload. Skips the test if it does not exist.</summary>
    public static byte[] Read(string name)
    {
        var file = Path.Combine(Folder() ?? "", name);
        Assert.SkipUnless(File.Exists(file), $"There is no shared payload {Path.GetFileName(file)}.");
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
