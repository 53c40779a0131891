using System.Collections.Concurrent;

namespace FopWatch.Providers;

/// <summary>
/// Bounds the memory of answers while they are read: few large answers are read at once, and others wait in their connections. A source with a slow status API
/// does not block other sources.
/// </summary>
internal sealed class AnswerRoom
{
    /// <summary>An answer of at most this length, in bytes, needs no room.</summary>
    public const int Ordinary = 64 * 1024;

    /// <summary>The most large answers that are read at once.</summary>
    public const int Most = 4;

    /// <summary>The most large answers of one source that are read at once.</summary>
    public const int MostPerSource = 2;

    private readonly ConcurrentDictionary<string, SemaphoreSlim> _bySource = new(StringComparer.Ordinal);

    private SemaphoreSlim All { get; } = new(Most);

    /// <summary>Waits until another large answer of a source may be read.</summary>
    /// <returns>The place of the answer. Dispose of it when the bytes are released.</returns>
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
