namespace FopWatch.Hostile.Tests.Clocks;

/// <summary>The system clock of a process, set wrong by a test while time passes normally (libfaketime).</summary>
internal sealed class FakedClock : IDisposable
{
    private readonly string _file = Path.Combine(Directory.CreateTempSubdirectory("fopwatch-clock-").FullName, "offset");

    /// <summary>The library; null if it is not installed.</summary>
    private static string? Library { get; } =
        Directory.Exists("/usr/lib") ? Directory.EnumerateDirectories("/usr/lib", "*-linux-gnu").Append("/usr/lib")
            .Select(folder => Path.Combine(folder, "faketime", "libfaketimeMT.so.1"))
            .FirstOrDefault(File.Exists) : null;

    /// <summary>A right clock. Skips the test if the clock cannot be faked.</summary>
    public FakedClock()
    {
        Assert.SkipWhen(Library is null, "libfaketime is not installed (Debian: apt-get install faketime).");
        Set("+0");
    }

    /// <summary>The environment of a process that uses this clock.</summary>
    public IReadOnlyDictionary<string, string?> Variables => new Dictionary<string, string?>
    {
        ["LD_PRELOAD"] = Library!,
        ["FAKETIME_TIMESTAMP_FILE"] = _file,
        ["FAKETIME_NO_CACHE"] = "1",
        ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
        ["FAKETIME_DONT_RESET"] = "1",
        ["NO_FAKE_STAT"] = "1",
    };

    /// <summary>Sets the clock wrong.</summary>
    /// <param name="offset">The offset in libfaketime's format: <c>-1h</c>, <c>+30d</c>.</param>
    public void Set(string offset)
    {
        // In one step: the process reads the file whenever it reads the clock.
        File.WriteAllText(_file + ".next", offset + "\n");
        File.Move(_file + ".next", _file, overwrite: true);
    }

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_file)!, recursive: true);
}
