using FopWatch.Clocks;
using FopWatch.Upkeep;

namespace FopWatch.Simulation.Tests.Ports;

/// <summary>The upkeep of a store without damage and without old data: the checker needs everything that happened.</summary>
internal sealed class MemoryUpkeep : IStoreUpkeep, IPurgeMarks
{
    private PurgeMark _mark = PurgeMark.None;

    public string? Damage => null;

    public ValueTask InspectAsync(CancellationToken cancellationToken) => default;

    public ValueTask KeepTimeAsync(DateTimeOffset now, CancellationToken cancellationToken) => default;

    public ValueTask<(int Deleted, bool IsComplete)> PurgeAsync(DateTimeOffset before, DateTimeOffset now, CancellationToken cancellationToken) => new((0, true));

    public ValueTask<PurgeMark> ReadAsync(CancellationToken cancellationToken) => new(_mark);

    public ValueTask WriteAsync(PurgeMark mark, CancellationToken cancellationToken)
    {
        _mark = mark;
        return default;
    }
}
