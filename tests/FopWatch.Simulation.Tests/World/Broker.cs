using FopWatch.Publishing;

namespace FopWatch.Simulation.Tests.World;

/// <summary>What subscribers receive, in order, including repetitions.</summary>
internal sealed class Broker(Checker checker)
{
    private readonly List<OutboxEvent> _published = [];

    public IReadOnlyList<OutboxEvent> Published => _published;

    /// <summary>Whether it accepts events without delivering them, to test whether that is detected.</summary>
    public bool Swallows { get; set; }

    public void Publish(OutboxEvent one)
    {
        if (Swallows)
            return;
        _published.Add(one);
        checker.Published(one);
    }
}
