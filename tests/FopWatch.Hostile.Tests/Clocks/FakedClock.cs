namespace FopWatch.Hostile.Tests.Clocks;

/// <summary>The system clock of a process of its own, wrong by as much as a test says, while time passes as it does (libfaketime).</summary>
internal sealed class FakedClock : IDisposable
{
    private readonly string _file = Path.Combine(Directory.CreateTempSubdirectory("fopwatch-clock-").FullName, "offset");

    /// <summary>The library; null if it is not on this machine.</summary>
    private static string? Library { get; } =
        Directory.Exists("/usr/lib") ? Directory.EnumerateDirectories("/usr/lib", "*-linux-gnu").Append("/usr/lib")
            .Select(folder => Path.Combine(folder, "faketime", "libfaketimeMT.so.1"))
            .FirstOrDefault(File.Exists) : null;

    /// <summary>A clock that is right. Skips the test where there can be none.</summary>
    public FakedClock()
    {
        Assert.SkipWhen(Library is null, "libfaketime is not on this machine (Debian: apt-get install faketime).");
        Set("+0");
    }

    /// <summary>What a process is started with to go by this clock.</summary>
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
    /// <param name="offset">By how much, as libfaketime takes it: <c>-1h</c>, <c>+30d</c>.</param>
    public void Set(string offset)
    {
        // In one step: the process reads it whenever it reads the clock.
        File.WriteAllText(_file + ".next", offset + "\n");
        File.Move(_file + ".next", _file, overwrite: true);
    }

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_file)!, recursive: true);
}
