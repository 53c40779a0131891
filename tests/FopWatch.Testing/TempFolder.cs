namespace FopWatch.Testing;

/// <summary>A folder that is deleted after the test.</summary>
public sealed class TempFolder : IDisposable
{
    public string FullName { get; } = Directory.CreateTempSubdirectory("fopwatch-").FullName;

    /// <summary>The database of an embedded host with this data folder.</summary>
    public string DatabasePath => Path.Combine(FullName, "fopwatch.db");

    public void Dispose() => Directory.Delete(FullName, recursive: true);
}
