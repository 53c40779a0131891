using System.Collections.Concurrent;

namespace FopWatch.Providers;

/// <summary>
/// Bounds the memory that answers take while they are read: few large ones are read at once, and the others wait in their connections. A source whose
/// status API dribbles does not keep the others from reading theirs.
/// </summary>
internal sealed class AnswerRoom
{
    /// <summary>An answer of at most this length, in bytes, needs no room.</summary>
    public const int Ordinary = 64 * 1024;

    /// <summary>The most large answers that are read at once.</summary>
    public const int Most = 4;

    /// <summary>The most of them that are of one source.</summary>
    public const int MostPerSource = 2;

    private readonly ConcurrentDictionary<string, SemaphoreSlim> _bySource = new(StringComparer.Ordinal);

    private SemaphoreSlim All { get; } = new(Most);

    /// <summary>Waits until another large answer of a source may be read.</summary>
    /// <returns>To be disposed of when its bytes are not held any more.</returns>
    public async ValueTask<IDisposable> EnterAsync(string source, CancellationToken cancellationToken)
    {
        var own = _bySource.GetOrAdd(source, static _ => new(MostPerSource));
        await own.WaitAsync(cancellationToken);
        try
        {
            await All.WaitAsync(cancellationToken);
        }
        catch
        {
            own.Release();
            throw;
        }

        return new Place(own, All);
    }

    private sealed class Place(SemaphoreSlim own, SemaphoreSlim all) : IDisposable
    {
        public void Dispose()
        {
            all.Release();
            own.Release();
        }
    }
}
