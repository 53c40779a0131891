using System.Text;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.PortContracts;

/// <summary>A workflow V2 stored by version 3 of the redaction, with secrets in the parameters of its operation.</summary>
public static class EarlierJob
{
    private const string Body = """
        {"id":"a","status":"FINISHED","success":true,"ops":[{"op":{"type":"t","params":{"x":1,"token":12,"auth":{"secret":["S3CRETVALUE"]}}},"result":{"code":0}}]}
        """;

    private static Job Today => Job
        .New(new("media", "a"), ProviderKind.Qiniu, JobOrigin.Registration, new Watch { StartedAt = Sample.Start, Deadline = Sample.Start.AddDays(9) }, Sample.Start)
        .Apply(Report(ReportChannel.Notification), Sample.Start).Job;

    public static Job Stored => Today with
    {
        Facts = Today.Facts with
        {
            Redaction = 3,
            Items = [Today.Facts.Items[0] with { Command = """t {"auth":{"secret":["S3CRETVALUE"]},"token":12,"x":1}""" }],
            Raw = Today.Facts.Raw!.Value with { Json = Body },
        },
    };

    /// <summary>Asserts that the job as read has no secret, and the same item as from a report read today.</summary>
    public static void AssertUpgraded(Job? read)
    {
        Assert.NotNull(read);
        Assert.Equal("""t {"auth":{"secret":"***"},"token":"***","x":1}""", Assert.Single(read.Facts.Items).Command);
        Assert.Equal(Today.Facts, read.Facts);

        var again = read.Apply(Report(ReportChannel.Poll), Sample.Start);
        Assert.Equal((1, null), (again.Job.Facts.Items.Count, again.EventType));
    }

    private static JobReport Report(ReportChannel channel) => ProviderKinds.For(ProviderKind.Qiniu).Decode(channel, Encoding.UTF8.GetBytes(Body)).Report!;
}
