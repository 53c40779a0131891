using FopWatch.Watching;

namespace FopWatch.Simulation.Tests.Ports;

internal sealed class NothingDue : IDueIndex
{
    public ValueTask<IReadOnlyList<DueJob>> DueAsync(
        string source, DueJob? after, DateTimeOffset by, int limit, CancellationToken cancellationToken) => new([]);

    public ValueTask<DateTimeOffset?> NextDueAsync(string source, DateTimeOffset after, CancellationToken cancellationToken) => new((DateTimeOffset?)null);
}
