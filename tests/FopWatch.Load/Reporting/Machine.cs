using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace FopWatch.Load.Reporting;

/// <summary>Where and when the figures were measured.</summary>
internal static class Machine
{
    private const int Syncs = 200;

    /// <param name="dataParent">The parent of the data folders.</param>
    public static string Describe(string dataParent) => string.Create(
        CultureInfo.InvariantCulture,
        $"{DateTime.UtcNow:yyyy-MM-dd HH:mm} UTC, {Processor()}{Environment.ProcessorCount} processors, {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9:0} GB of memory, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}; writing and syncing 4 KiB takes {SyncTime(dataParent).TotalMicroseconds:0} µs");

    private static string Processor() => File.Exists("/proc/cpuinfo")
        && File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) is { } line
            ? line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim() + ", "
            : "";

    private static TimeSpan SyncTime(string folder)
    {
        var path = Path.Combine(folder, Path.GetRandomFileName());
        var times = new List<TimeSpan>();
        using (var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose))
        {
            var block = new byte[4096];
            for (var i = 0; i < Syncs; i++)
            {
                var began = Stopwatch.GetTimestamp();
                file.Write(block);
                file.Flush(flushToDisk: true);
                times.Add(Stopwatch.GetElapsedTime(began));
            }
        }

        times.Sort();
        return times[times.Count / 2];
    }
}
