using System.Reflection;
using System.Runtime.Loader;
using System.Runtime.Versioning;
using System.Text;
using System.Text.Json;

namespace FopWatch.Contracts.Tests;

/// <summary>The build for .NET Standard 2.0, which no other project here uses.</summary>
public class NetStandardTests
{
    [Fact]
    public void The_NET_Standard_build_reads_and_writes_the_same()
    {
        var path = typeof(NetStandardTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(one => one.Key == "NetStandardBuild").Value!;
        var context = new AssemblyLoadContext("netstandard2.0");
        var assembly = context.LoadFromAssemblyPath(Path.GetFullPath(path, AppContext.BaseDirectory));
        var type = assembly.GetType(typeof(JobEvent).FullName!, throwOnError: true)!;
        Assert.Equal(".NETStandard,Version=v2.0", assembly.GetCustomAttribute<TargetFrameworkAttribute>()!.FrameworkName);
        Assert.NotEqual(typeof(JobEvent), type);

        var parse = type.GetMethod(nameof(JobEvent.Parse), [typeof(ReadOnlyMemory<byte>)])!;
        var parseText = type.GetMethod(nameof(JobEvent.Parse), [typeof(string)])!;
        var wire = (System.Text.Json.Serialization.JsonSerializerContext)assembly.GetType(typeof(ContractsJson).FullName!)!
            .GetProperty(nameof(ContractsJson.Wire))!.GetValue(null)!;

        var read = parse.Invoke(null, [new ReadOnlyMemory<byte>(Events.Full)]);
        Assert.True(JsonElement.DeepEquals(JsonElement.Parse(Events.Full), JsonSerializer.SerializeToElement(read, type, wire)));

        var readText = parseText.Invoke(null, [Encoding.UTF8.GetString(Events.Full)]);
        Assert.True(JsonElement.DeepEquals(JsonElement.Parse(Events.Full), JsonSerializer.SerializeToElement(readText, type, wire)));

        var refused = Assert.Throws<TargetInvocationException>(() => parse.Invoke(null, [new ReadOnlyMemory<byte>("{}"u8.ToArray())]));
        Assert.IsType<FormatException>(refused.InnerException);
        refused = Assert.Throws<TargetInvocationException>(() => parseText.Invoke(null, ["""{"specversion":"1.0","type":"fopwatch.job.settled"}"""]));
        Assert.Equal("$: 'id' is missing.", Assert.IsType<FormatException>(refused.InnerException).Message);
    }
}
