using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Api.Tests;

public class ApiJsonTests
{
    [Fact]
    public async Task Answers_contain_unescaped_letters()
    {
        using var body = new MemoryStream();
        await using var services = new ServiceCollection().AddLogging().BuildServiceProvider();
        var context = new DefaultHttpContext { RequestServices = services };
        context.Response.Body = body;

        await Problem.Invalid($"课程/第 42 课 <é>").ExecuteAsync(context);

        Assert.Contains("\"detail\":\"课程/第 42 课 <é>\"", Encoding.UTF8.GetString(body.ToArray()), StringComparison.Ordinal);
    }
}
