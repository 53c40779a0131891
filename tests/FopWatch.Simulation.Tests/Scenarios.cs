using FopWatch.Contracts;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;
using FopWatch.Simulator;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests;

/// <summary>Scenarios for tests: small, with only the given faults.</summary>
internal static class Scenarios
{
    public static readonly PollSettings Poll = new()
    {
        First = TimeSpan.FromMinutes(2),
        Factor = 1.5,
        Max = TimeSpan.FromMinutes(10),
        Deadline = TimeSpan.FromHours(3),
        PerSecond = 10,
    };

    public static Scenario Scenario(HostKind host, JobScript job, params (Call Call, int Nth, Fault Fault)[] faults) => new()
    {
        Seed = 1,
        Host = host,
        Sources = [World.Scenario.NewSource(KindOf(job.Job.Shape), Poll)],
        Jobs = [job],
        Script = faults,
    };

    /// <summary>A job of two commands, one of which fails, that takes a minute.</summary>
    public static JobScript Job(BodyShape shape = BodyShape.QiniuClassic, bool separate = false) => new()
    {
#pragma warning disable CA1308 // Names are lower case here.
        Source = KindOf(shape).ToString().ToLowerInvariant(),
#pragma warning restore CA1308
        RegisteredAfter = TimeSpan.FromSeconds(1),
        Job = new()
        {
            Seed = 7,
            Id = "z0.job",
            Shape = shape,
            Separate = separate,
            ProcessingAfter = TimeSpan.FromSeconds(10),
            DoneAfter = TimeSpan.FromMinutes(1),
            Signing = KindOf(shape) == ProviderKind.Qiniu ? SigningScheme.Qiniu : SigningScheme.Wangsu,
            Items =
            [
                new()
                {
                    Command = "avthumb/mp4/vb/1k",
                    Fate = ItemFate.Succeeded,
                    Outputs = [new("media", "out.mp4", "FuYTrVLG2sQd3Tic6cRWB6y3l7y5", 1000)],
                    StartedAfter = TimeSpan.FromSeconds(10),
                    FinishedAfter = TimeSpan.FromSeconds(30),
                },
                new() { Command = "vframe/jpg/offset/7", Fate = ItemFate.Failed, Error = "not a valid media", StartedAfter = TimeSpan.FromSeconds(30) },
            ],
        },
    };

    private static ProviderKind KindOf(BodyShape shape) => shape switch
    {
        BodyShape.WangsuFmgr => ProviderKind.WangsuFmgr,
        BodyShape.WangsuFops => ProviderKind.WangsuFops,
        _ => ProviderKind.Qiniu,
    };
}
