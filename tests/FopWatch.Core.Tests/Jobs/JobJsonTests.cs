using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Watching;

namespace FopWatch.Core.Tests;

public class JobJsonTests
{
    [Fact]
    public void A_job_survives_being_written_down()
    {
        var now = new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);
        var job = Job.New(new("media", "z0.a"), ProviderKind.Qiniu, JobOrigin.Hint, new Watch { StartedAt = now, Deadline = now.AddDays(9), DueAt = now }, now) with
        {
            Metadata = Job.NoMetadata.Add("lesson", "42").Add("Lesson", "43"),
            Facts = (JobFacts.None with { Bucket = "b", Closed = true, Raw = new(true, "{}") }).WithItems(
            [
                new() { Command = "avthumb/mp4", State = ItemState.Succeeded, Outputs = [new() { Bucket = "b", Key = "k", Size = 7 }] },
                new() { Command = "avthumb/mp4", State = ItemState.Unknown, Code = 99 },
            ]),
            Version = 3,
            SettledBy = SettledBy.Poll,
        };

        var read = JobJson.Deserialize(JobJson.Serialize(job));

        Assert.Equal(job.Metadata, read.Metadata);
        Assert.Equal(job, read with { Metadata = job.Metadata });
    }
}
