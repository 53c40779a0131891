using FopWatch.Publishing;

namespace FopWatch.Simulation.Tests.World;

/// <summary>What subscribers get, in the order in which they get it, repetitions included.</summary>
internal sealed class Broker(Checker checker)
{
    private readonly List<OutboxEvent> _published = [];

    public IReadOnlyList<OutboxEvent> Published => _published;

    /// <summary>Whether it takes events and gives them to nobody, to see whether anybody notices.</summary>
    public bool Swallows { get; set; }

    public void Publish(OutboxEvent one)
    {
        if (Swallows)
            return;
        _published.Add(one);
        checker.Published(one);
    }
}
