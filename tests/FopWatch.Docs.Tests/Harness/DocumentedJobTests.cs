using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace FopWatch.Docs.Tests.Harness;

public sealed class DocumentedJobTests
{
    /// <summary>The simulator writes items in an order that the job's seed decides, and the documents show one.</summary>
    [Fact]
    public async Task The_provider_lists_the_commands_as_the_documents_do()
    {
        await using var provider = await DocumentedJob.StartProviderAsync();
        using var http = new HttpClient { BaseAddress = provider.StatusEndpoint };

        var body = await http.GetFromJsonAsync<JsonObject>($"/status/get/prefop?id={DocumentedJob.Job.Id}", TestContext.Current.CancellationToken);

        Assert.Equal(
            DocumentedJob.Job.Items.Select(item => item.Command),
            body!["items"]!.AsArray().Select(item => (string)item!["cmd"]!));
    }
}
