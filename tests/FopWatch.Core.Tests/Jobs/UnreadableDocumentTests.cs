using System.Text;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Jobs;

/// <summary>Which stored documents can be read, and what is said of the others.</summary>
public class UnreadableDocumentTests
{
    private static readonly JobKey Key = new("media", "z0.secret-id");
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);

    private static readonly string Document = Encoding.UTF8.GetString(JobJson.Serialize(
        Job.New(Key, ProviderKind.Qiniu, JobOrigin.Registration, new Watch { StartedAt = Now, Deadline = Now.AddDays(9), DueAt = Now }, Now) with
        {
            Metadata = Job.NoMetadata.Add("secret-name", "secret-value"),
        }));

    [Fact]
    public void A_document_of_the_job_is_read()
    {
        Assert.True(JobJson.TryDeserialize(Encoding.UTF8.GetBytes(Document), Key, out var job, out var problem));
        Assert.Equal((Key, null), (job.Key, problem));
    }

    [Fact]
    public void A_document_of_another_job_is_not() => AssertUnreadable(Document, "its document belongs to another job", new(Key.Source, "z0.other"));

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("no json")]
    [InlineData("[]")]
    [InlineData("7")]
    public void What_is_no_object_of_a_job_is_said_to_be_none(string document) =>
        AssertUnreadable(document, "its document is not a job, or is cut off");

    [Fact]
    public void A_null_is_said_to_be_null() => AssertUnreadable("null", "its document cannot be read: it is null");

    [Fact]
    public void A_value_that_cannot_be_read_is_named_by_where_it_is() => AssertUnreadable(
        Document.Replace("\"registeredAt\":\"", "\"registeredAt\":\"secret", StringComparison.Ordinal), "its document cannot be read at $.registeredAt");

    [Fact]
    public void What_an_application_named_is_not_repeated() => AssertUnreadable(
        Document.Replace("\"secret-value\"", "[]", StringComparison.Ordinal), "its document cannot be read at $.metadata");

    [Fact]
    public void What_the_serializer_takes_and_no_version_wrote_is_said_in_words() => AssertUnreadable(
        Document.Replace("\"Registration\"", "99", StringComparison.Ordinal), "its document cannot be read: it has a value that this version does not know");

    private static void AssertUnreadable(string document, string words, JobKey? key = null)
    {
        Assert.NotEqual(key is null ? Document : "", document);
        Assert.False(JobJson.TryDeserialize(Encoding.UTF8.GetBytes(document), key ?? Key, out var job, out var problem));
        Assert.Equal((null, words), (job, problem));
        Assert.DoesNotContain("secret", problem, StringComparison.Ordinal);
    }
}
